"""Memory that this process may still take: that of the machine, or of its control group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC, GROUPS = Path("/proc"), Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class _Version:
    """The names of a version of control groups (Documentation/admin-guide/cgroup-v2.rst,
    cgroup-v1/memory.rst)."""

    limit: str
    usage: str
    swap_limit: str
    swap_usage: str
    swap_counts_memory: bool
    """True if limit and usage of swap space include those of memory."""
    reclaimed: tuple[str, ...]
    """The parts of the usage that the kernel drops when memory is short."""


V2 = _Version(
    "memory.max",
    "memory.current",
    "memory.swap.max",
    "memory.swap.current",
    False,
    ("inactive_file", "active_file", "slab_reclaimable"),
)
V1 = _Version(
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    "memory.memsw.limit_in_bytes",
    "memory.memsw.usage_in_bytes",
    True,
    ("total_inactive_file", "total_active_file"),
)


def available(proc: Path = PROC, groups: Path = GROUPS) -> int | None:
    """Return the bytes that are free without swapping; None if the system does not tell (Linux
    does)."""
    return _least(proc, groups, swap=0)


def with_swap(proc: Path = PROC, groups: Path = GROUPS) -> int | None:
    """Return the bytes that are free if the system swaps; None if it does not tell."""
    return _least(proc, groups, swap=1024 * (_field(proc / "meminfo", "SwapFree:") or 0))


def _least(proc: Path, groups: Path, swap: int) -> int | None:
    machine = _field(proc / "meminfo", "MemAvailable:")
    if machine is None:
        return None
    return min([machine * 1024 + swap, *_free_in_groups(proc, groups, swap)])


def _free_in_groups(proc: Path, groups: Path, swap: int) -> Iterator[int]:
    """Yield the free bytes of each control group with a limit, from this process's upwards."""
    for line in _read(proc / "self" / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        version, root = (V1, groups / "memory") if controllers else (V2, groups)
        # In a container the path may be that of the host, and the root its own group.
        folder = root / path.lstrip("/")
        for group in (folder, *folder.parents):
            if (free := _free(group, version, swap)) is not None:
                yield free
            if group == root:
                break


def _free(group: Path, version: _Version, swap: int) -> int | None:
    most, used = _number(group / version.limit), _number(group / version.usage)
    if most is None or used is None:  # no limit, or no such group
        return None
    reclaimable = sum(_field(group / "memory.stat", name) or 0 for name in version.reclaimed)
    free = max(0, most - used + reclaimable)
    swap_most, swap_used = _number(group / version.swap_limit), _number(group / version.swap_usage)
    if swap_most is not None and swap_used is not None:
        room = swap_most - swap_used - (most - used if version.swap_counts_memory else 0)
        swap = max(0, min(swap, room))
    return free + swap


def _number(path: Path) -> int | None:
    text = _read(path).strip()
    return int(text) if text.isdigit() else None  # "max"


def _field(path: Path, name: str) -> int | None:
    for line in _read(path).splitlines():
        words = line.split()
        if words and words[0] == name:
            return int(words[1])
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""

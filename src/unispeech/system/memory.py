"""Memory that this process may still take: that of the machine, or of its control group."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

PROC, GROUPS = Path("/proc"), Path("/sys/fs/cgroup")
V2 = "memory.max", "memory.current", "inactive_file"
V1 = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
"""Limit and usage of a control group, and the part of the usage that the kernel drops first
(Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst)."""


def available(proc: Path = PROC, groups: Path = GROUPS) -> int | None:
    """Return the bytes that are free without swapping; None if the system does not tell (Linux
    does)."""
    machine = _field(proc / "meminfo", "MemAvailable:")
    if machine is None:
        return None
    return min([machine * 1024, *_free_in_groups(proc, groups)])


def with_swap(proc: Path = PROC, groups: Path = GROUPS) -> int | None:
    """Return the bytes that are free if the system swaps; None if it does not tell."""
    free = available(proc, groups)
    return None if free is None else free + 1024 * (_field(proc / "meminfo", "SwapFree:") or 0)


def _free_in_groups(proc: Path, groups: Path) -> Iterator[int]:
    """Yield the free bytes of each control group with a limit, from this process's upwards."""
    for line in _read(proc / "self" / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        names, root = (V1, groups / "memory") if controllers else (V2, groups)
        # In a container the path may be that of the host, and the root its own group.
        folder = root / path.lstrip("/")
        for group in (folder, *folder.parents):
            if (free := _free(group, *names)) is not None:
                yield free
            if group == root:
                break


def _free(group: Path, limit: str, usage: str, inactive: str) -> int | None:
    most, used = _read(group / limit).strip(), _read(group / usage).strip()
    if not most.isdigit() or not used.isdigit():  # "max", or no such group
        return None
    reclaimable = _field(group / "memory.stat", inactive) or 0
    return max(0, int(most) - int(used) + reclaimable)


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

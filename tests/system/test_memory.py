"""Free memory of the machine and of control groups, from copies of the kernel's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from unispeech.system import memory
from unispeech.system.memory import V1, V2, _Version

GB = 1 << 30


def machine(folder: Path, group: str) -> Path:
    (folder / "self").mkdir(parents=True)
    lines = "MemTotal: 9000000 kB\nMemAvailable: 8388608 kB\nSwapFree: 1048576 kB\n"
    (folder / "meminfo").write_text(lines)
    (folder / "self" / "cgroup").write_text(group)
    return folder


def group(folder: Path, version: _Version, limit: str, used: int, **stat: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / version.limit).write_text(f"{limit}\n")
    (folder / version.usage).write_text(f"{used}\n")
    lines = [f"{name} {count}\n" for name, count in {"anon": 1, **stat}.items()]
    (folder / "memory.stat").write_text("".join(lines))


def test_the_machine_counts_without_control_groups(tmp_path: Path) -> None:
    proc = machine(tmp_path / "proc", "0::/\n")
    assert memory.available(proc, tmp_path / "none") == 8 * GB
    assert memory.with_swap(proc, tmp_path / "none") == 9 * GB


def test_the_tightest_group_counts_and_its_cached_files_are_free(tmp_path: Path) -> None:
    proc, groups = machine(tmp_path / "proc", "0::/service/worker\n"), tmp_path / "groups"
    cached = {"inactive_file": GB // 4, "active_file": GB // 4}
    group(groups / "service", V2, str(2 * GB), GB, **cached)
    group(groups / "service" / "worker", V2, "max", GB)
    assert memory.available(proc, groups) == 3 * GB // 2


def test_groups_of_the_first_version_are_read(tmp_path: Path) -> None:
    proc, groups = machine(tmp_path / "proc", "5:memory:/box\n1:cpu,cpuacct:/\n"), tmp_path
    group(groups / "memory" / "box", V1, str(4 * GB), 2 * GB, total_active_file=GB)
    assert memory.available(proc, groups) == 3 * GB


def test_a_container_sees_its_own_group_as_the_root(tmp_path: Path) -> None:
    proc, groups = machine(tmp_path / "proc", "0::/docker/abc\n"), tmp_path / "groups"
    group(groups, V2, str(GB), 0)
    assert memory.available(proc, groups) == GB


@pytest.mark.parametrize(
    ("version", "line", "limit", "expected"),
    [
        (V2, "0::/box\n", "max", 3 * GB),
        (V2, "0::/box\n", "0", 2 * GB),
        (V1, "5:memory:/box\n", str(4 * GB), 2 * GB),
        (V1, "5:memory:/box\n", str(4 * GB + GB // 2), 5 * GB // 2),
    ],
)
def test_a_group_swaps_as_much_as_it_may(
    tmp_path: Path, version: _Version, line: str, limit: str, expected: int
) -> None:
    proc, groups = machine(tmp_path / "proc", line), tmp_path / "groups"
    box = (groups / "memory" if version is V1 else groups) / "box"
    group(box, version, str(4 * GB), 2 * GB)
    (box / version.swap_limit).write_text(f"{limit}\n")
    (box / version.swap_usage).write_text(f"{2 * GB if version is V1 else 0}\n")
    assert memory.available(proc, groups) == 2 * GB
    assert memory.with_swap(proc, groups) == expected


def test_a_system_without_these_files_does_not_tell(tmp_path: Path) -> None:
    assert memory.available(tmp_path, tmp_path) is None
    assert memory.with_swap(tmp_path, tmp_path) is None


@pytest.mark.skipif(not memory.PROC.is_dir(), reason="Linux only")
def test_this_machine_has_memory() -> None:
    assert (memory.available() or 0) > 0

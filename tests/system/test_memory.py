"""Free memory of the machine and of control groups, from copies of the kernel's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from unispeech.system import memory

GB = 1 << 30


def machine(folder: Path, group: str) -> Path:
    (folder / "self").mkdir(parents=True)
    lines = "MemTotal: 9000000 kB\nMemAvailable: 8388608 kB\nSwapFree: 1048576 kB\n"
    (folder / "meminfo").write_text(lines)
    (folder / "self" / "cgroup").write_text(group)
    return folder


def group(folder: Path, limit: str, used: int, inactive: int, names: tuple[str, ...]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in zip(names, (limit, str(used), ""), strict=False):
        (folder / name).write_text(f"{text}\n")
    (folder / "memory.stat").write_text(f"anon 1\n{names[2]} {inactive}\n")


def test_the_machine_counts_without_control_groups(tmp_path: Path) -> None:
    proc = machine(tmp_path / "proc", "0::/\n")
    assert memory.available(proc, tmp_path / "none") == 8 * GB
    assert memory.with_swap(proc, tmp_path / "none") == 9 * GB


def test_the_tightest_group_counts_and_its_inactive_files_are_free(tmp_path: Path) -> None:
    proc, groups = machine(tmp_path / "proc", "0::/service/worker\n"), tmp_path / "groups"
    names = memory.V2[:2] + ("inactive_file",)
    group(groups / "service", str(2 * GB), GB, GB // 2, names)
    group(groups / "service" / "worker", "max", GB, 0, names)
    assert memory.available(proc, groups) == 3 * GB // 2


def test_groups_of_the_first_version_are_read(tmp_path: Path) -> None:
    proc, groups = machine(tmp_path / "proc", "5:memory:/box\n1:cpu,cpuacct:/\n"), tmp_path
    names = memory.V1[:2] + ("total_inactive_file",)
    group(groups / "memory" / "box", str(4 * GB), GB, 0, names)
    assert memory.available(proc, groups) == 3 * GB


def test_a_container_sees_its_own_group_as_the_root(tmp_path: Path) -> None:
    proc, groups = machine(tmp_path / "proc", "0::/docker/abc\n"), tmp_path / "groups"
    group(groups, str(GB), 0, 0, memory.V2[:2] + ("inactive_file",))
    assert memory.available(proc, groups) == GB


def test_a_system_without_these_files_does_not_tell(tmp_path: Path) -> None:
    assert memory.available(tmp_path, tmp_path) is None
    assert memory.with_swap(tmp_path, tmp_path) is None


@pytest.mark.skipif(not memory.PROC.is_dir(), reason="Linux only")
def test_this_machine_has_memory() -> None:
    assert (memory.available() or 0) > 0

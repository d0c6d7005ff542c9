"""Atomic installation of environments from locks, with real venvs and a real pip."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from support.errors import raises
from support.samples import ROOT
from support.toy_environment import toy
from unispeech.environments import catalog, folders, install
from unispeech.environments.catalog import Lock
from unispeech.environments.remote_object import RemoteObject
from unispeech.errors import BackendError
from unispeech.types import Progress


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNISPEECH_ENV_DIR", str(tmp_path / "environments"))
    return tmp_path / "environments"


@pytest.mark.slow
def test_an_environment_is_installed_used_and_removed(tmp_path: Path, root: Path) -> None:
    """A worker in it can import its library and `unispeech`, but no library of this interpreter."""
    lock = toy(tmp_path)
    seen: list[Progress] = []
    environment = install.install(lock, seen.append)
    assert [seen[0].stage, seen[-1].stage] == ["making", "checking"]
    assert seen[-1].done == seen[-1].total
    assert folders.installed(lock) == environment
    assert folders.unfinished({"toy": lock}) == []
    assert install.install(lock) == environment

    for target, works in (("toy:double", True), ("numpy:zeros", False), ("click:echo", False)):
        process = RemoteObject("toy", environment.python, target, (1,))
        if works:
            process.start()
        else:
            with raises(BackendError, "ModuleNotFoundError"):
                process.start()
        process.close()

    assert folders.remove("toy") == environment.size > 1_000_000
    assert folders.installed(lock) is None
    assert [path.name for path in root.iterdir()] == [".locks"]


@pytest.mark.slow
def test_a_failed_installation_leaves_nothing(tmp_path: Path, root: Path) -> None:
    lock = catalog.read("toy", f"#: imports = toy\n{(tmp_path / 'gone-1.0.whl').as_uri()}\n")
    with raises(BackendError, "toy", "gone-1.0"):
        install.install(lock)
    assert folders.installed(lock) is None
    assert [path.name for path in root.iterdir()] == [".locks"]


@pytest.mark.slow
def test_a_library_that_cannot_be_imported_fails_the_installation(tmp_path: Path) -> None:
    lock = toy(tmp_path, "import nothing_of_this_name")
    with raises(BackendError, "toy", "ModuleNotFoundError"):
        install.install(lock)
    assert folders.installed(lock) is None


@pytest.mark.slow
def test_a_killed_installation_is_cleared_by_the_next(tmp_path: Path, root: Path) -> None:
    lock = toy(tmp_path)
    program = (
        "from pathlib import Path; import sys\n"
        "from support.toy_environment import toy; from unispeech.environments import install\n"
        "install.install(toy(Path(sys.argv[1])))"
    )
    paths = [str(ROOT / "tests"), *sys.path]
    host = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        start_new_session=True,
    )
    folder = folders.folder_of(lock)
    while not (folder / "bin").exists():
        time.sleep(0.01)
    os.killpg(host.pid, signal.SIGKILL)
    host.wait()
    assert folder.is_dir()
    assert folders.installed(lock) is None
    assert install.install(lock).folder == folder


@pytest.mark.slow
def test_waiting_for_another_installation_is_reported(tmp_path: Path) -> None:
    lock = toy(tmp_path)
    seen: list[str] = []
    with folders.locked("toy"):
        waiting = threading.Thread(
            target=install.install, args=(lock, lambda progress: seen.append(progress.stage))
        )
        waiting.start()
        end = time.monotonic() + 20
        while not seen and time.monotonic() < end:
            time.sleep(0.02)
        assert seen == ["queue"]
        assert folders.installed(lock) is None
    waiting.join()
    assert seen[1] == "making" and folders.installed(lock)


def test_the_pins_of_a_lock_identify_its_environment(tmp_path: Path) -> None:
    first = catalog.read("toy", "a==1\n")
    other = catalog.read("toy", "a==2\n")
    same = catalog.read("toy", "#: summary = words only\n# a comment\na==1\n")
    assert first.hash == same.hash != other.hash
    assert folders.folder_of(first) != folders.folder_of(other)


@pytest.mark.parametrize("lock", catalog.locks().values(), ids=lambda lock: lock.name)
def test_every_lock_pins_every_package(lock: Lock) -> None:
    assert lock.summary
    assert lock.imports
    assert lock.megabytes > 0
    assert all("==" in line for line in lock.requirements)
    assert set(lock.alone) <= set(lock.requirements)


def test_an_unwritable_folder_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("UNISPEECH_ENV_DIR", str(tmp_path / "file" / "below"))
    with raises(BackendError, "UNISPEECH_ENV_DIR"):
        install.install(toy(tmp_path))

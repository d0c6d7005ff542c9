"""The folders of the environments, and which of them are complete.

    ROOT/<name>-<hash of its lock>/               an environment
    ROOT/<name>-<hash of its lock>/unispeech.json written last; missing if installation stopped
    ROOT/.locks/<name>.lock                       one installer per environment, across processes

ROOT is `UNISPEECH_ENV_DIR`, or the user's data folder.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from unispeech.environments import catalog
from unispeech.environments.catalog import Lock
from unispeech.errors import BackendError
from unispeech.system.files import acquire, write_whole

MARKER = "unispeech.json"


@dataclass(frozen=True, slots=True)
class Environment:
    """An installed environment."""

    name: str
    folder: Path
    current: bool
    """True if it matches this version's lock. Older environments are not used."""
    size: int
    """Bytes, measured after the installation."""

    @property
    def python(self) -> Path:
        return interpreter(self.folder)


def root() -> Path:
    """Return the folder of all environments: `UNISPEECH_ENV_DIR` or in the user's data folder."""
    if folder := os.environ.get("UNISPEECH_ENV_DIR"):
        return Path(folder).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("unispeech") / "environments"


def folder_of(lock: Lock) -> Path:
    """Return the folder of a lock's environment."""
    return root() / f"{lock.name}-{lock.hash}"


def interpreter(folder: Path) -> Path:
    """Return the Python executable in a folder."""
    if sys.platform == "win32":
        return folder / "Scripts" / "python.exe"
    return folder / "bin" / "python"


def find(name: str) -> Environment | None:
    """Return the environment of a name if it is complete and matches its lock, else None."""
    lock = catalog.locks().get(name)
    return installed(lock) if lock else None


def installed(lock: Lock) -> Environment | None:
    """Return the environment of a lock if it is complete, else None."""
    environment = _read(folder_of(lock))
    return replace(environment, current=True) if environment else None


def list_installed(locks: Mapping[str, Lock]) -> list[Environment]:
    """Return all complete environments, including those that match none of the `locks`."""
    current = {folder_of(lock) for lock in locks.values()}
    marks = sorted(root().glob(f"*/{MARKER}"))
    return [
        replace(environment, current=environment.folder in current)
        for mark in marks
        if (environment := _read(mark.parent))
    ]


def unfinished(locks: Mapping[str, Lock]) -> list[Path]:
    """Return the folders of installations that were stopped or are in progress."""
    return [
        folder
        for folder in sorted(root().glob("*-*"))
        if folder.name.rpartition("-")[0] in locks and _read(folder) is None
    ]


def _read(folder: Path) -> Environment | None:
    try:
        mark = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        name, size = str(mark["name"]), int(mark["size"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not interpreter(folder).exists():
        return None
    return Environment(name, folder, False, size)


def mark_complete(lock: Lock, folder: Path) -> Environment:
    """Mark an environment as complete."""
    size = sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_symlink())
    text = json.dumps({"name": lock.name, "size": size, "requirements": lock.requirements})
    write_whole(folder / MARKER, text + "\n")
    return Environment(lock.name, folder, True, size)


def remove(name: str) -> int:
    """Delete all environments of a name, incomplete ones too, and return the bytes freed."""
    freed = 0
    for folder in root().glob(f"{name}-*"):
        if not folder.is_dir():
            continue
        environment = _read(folder)
        # The marker goes first, so that a partly deleted folder is not used.
        (folder / MARKER).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        freed += environment.size if environment else 0
    return freed


@contextmanager
def locked(name: str, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock to install or remove an environment, across processes.

    `waiting` is called if another process holds it.

    Raises:
        BackendError: the folder is not writable.
    """
    try:
        lock = acquire(root() / ".locks" / f"{name}.lock", waiting)
    except OSError as error:
        raise BackendError(
            f"cannot write environments to {root()}: {error.strerror}",
            "set UNISPEECH_ENV_DIR to a writable folder",
        ) from error
    with lock:
        yield

"""Where the environments are kept, and which of them are whole.

    ROOT/<name>-<hash of its lock>/               one environment
    ROOT/<name>-<hash of its lock>/unispeech.json written last: without it, a stopped installation
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
    """One installed environment."""

    name: str
    folder: Path
    current: bool
    """Whether it is what this version's lock asks for; an older one is not used."""
    size: int
    """Bytes, when it was made."""

    @property
    def python(self) -> Path:
        return interpreter(self.folder)


def root() -> Path:
    """The folder of all environments: `UNISPEECH_ENV_DIR` or the user's data folder."""
    if given := os.environ.get("UNISPEECH_ENV_DIR"):
        return Path(given).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("unispeech") / "environments"


def folder_of(lock: Lock) -> Path:
    return root() / f"{lock.name}-{lock.hash}"


def interpreter(folder: Path) -> Path:
    if sys.platform == "win32":
        return folder / "Scripts" / "python.exe"
    return folder / "bin" / "python"


def find(name: str) -> Environment | None:
    """The environment of a name, if it is there, whole, and what the lock asks for."""
    lock = catalog.locks().get(name)
    return installed(lock) if lock else None


def installed(lock: Lock) -> Environment | None:
    """The environment that is exactly what a lock asks for, if it is there and complete."""
    environment = _read(folder_of(lock))
    return replace(environment, current=True) if environment else None


def list_installed(locks: Mapping[str, Lock]) -> list[Environment]:
    """Every whole environment, also those that none of the `locks` asks for any more."""
    current = {folder_of(lock) for lock in locks.values()}
    marks = sorted(root().glob(f"*/{MARKER}"))
    return [
        replace(environment, current=environment.folder in current)
        for mark in marks
        if (environment := _read(mark.parent))
    ]


def unfinished(locks: Mapping[str, Lock]) -> list[Path]:
    """Folders of installations that were stopped (or are going on)."""
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
    """Declare an environment whole."""
    size = sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_symlink())
    text = json.dumps({"name": lock.name, "size": size, "requirements": lock.requirements})
    write_whole(folder / MARKER, text + "\n")
    return Environment(lock.name, folder, True, size)


def remove(name: str) -> int:
    """Delete every environment of a name (whole, old or half made) and return the bytes freed."""
    freed = 0
    for folder in root().glob(f"{name}-*"):
        if not folder.is_dir():
            continue
        environment = _read(folder)
        # The mark goes first: from then on nobody takes what is left for an environment.
        (folder / MARKER).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        freed += environment.size if environment else 0
    return freed


@contextmanager
def locked(name: str, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Be the only one who makes or removes this environment, among all processes; `waiting` is
    called if that takes time.

    Raises:
        BackendError: the folder cannot be written.
    """
    try:
        held = acquire(root() / ".locks" / f"{name}.lock", waiting)
    except OSError as error:
        raise BackendError(
            f"cannot keep environments in {root()}: {error.strerror}",
            "set UNISPEECH_ENV_DIR to a folder that you can write to",
        ) from error
    with held:
        yield

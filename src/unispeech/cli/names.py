"""The record of a folder of transcripts: which input each name belongs to.

`.unispeech-names.json` in the folder keeps an input's name the same in every run, so that no run
takes the transcript of one recording for that of another with the same name.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from unispeech.cli import naming
from unispeech.cli.notices import notify
from unispeech.errors import OptionError
from unispeech.system.files import acquire, write_whole

RECORD = ".unispeech-names.json"


@dataclass(frozen=True, slots=True)
class Owner:
    """An input that has a name in the folder."""

    path: Path
    size: int | None
    """Bytes, to recognise a recording that has moved."""


def claim(folder: Path, paths: Sequence[Path]) -> list[str]:
    """The names of inputs in a folder, which are theirs from now on.

    Paths are absolute, except those of URLs. An input that does not exist is not recorded.

    Raises:
        OptionError: the record is damaged.
        OSError: it cannot be written.
    """
    folder = folder.absolute()
    with _locked(folder):
        owners = _read(folder)
        _follow_moves(owners, paths)
        names = naming.assigned(paths, {name: owner.path for name, owner in owners.items()})
        new = {
            name: Owner(path, _size(path))
            for name, path in zip(names, paths, strict=True)
            if name not in owners and (path.exists() or not path.is_absolute())
        }
        if new:
            _write(folder, {**owners, **new})
    return names


def follow(folder: Path, old: Path, new: Path) -> None:
    """Record that an input has moved, so that another may come in its place.

    Raises:
        OptionError, OSError: as `claim`.
    """
    folder, old, new = folder.absolute(), old.absolute(), new.absolute()
    with _locked(folder):
        owners = _read(folder)
        for name, owner in owners.items():
            if owner.path == old:
                owners[name] = Owner(new, owner.size)
        _write(folder, owners)


def owner(folder: Path, name: str) -> Path | None:
    """The input that has a name in a folder, if it is on record.

    Raises:
        OptionError: the record is damaged.
    """
    known = _read(folder.absolute()).get(name)
    return known.path if known else None


def _follow_moves(owners: dict[str, Owner], paths: Sequence[Path]) -> None:
    """Give a moved recording the name it had: same file name and size, and the old path is gone."""
    known = {owner.path for owner in owners.values()}
    for path in paths:
        size = _size(path)
        if path in known or size is None:
            continue
        for name, owner in owners.items():
            if (owner.path.name, owner.size) == (path.name, size) and not owner.path.exists():
                owners[name] = Owner(path, size)
                break


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock among the runs on this machine, if locks work here.

    The lock is a temporary file, so that the folder holds no other file than the record.
    """
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"unispeech-names-{digest}.lock"
    try:
        lock = acquire(path, lambda: notify(f"waiting for another run in {folder}"))
    except (NotImplementedError, OSError):
        yield
        return
    with lock:
        yield


def _read(folder: Path) -> dict[str, Owner]:
    record = folder / RECORD
    try:
        rows = json.loads(record.read_text(encoding="utf-8"))["names"]
        return {
            str(name): Owner(Path(naming.absolute(row["source"], folder)), row["size"])
            for name, row in rows.items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OptionError(f"{record}: damaged", "delete it; names are then given anew") from error


def _write(folder: Path, owners: dict[str, Owner]) -> None:
    rows = {
        name: {"source": naming.relative(owner.path, folder), "size": owner.size}
        for name, owner in sorted(owners.items())
    }
    write_whole(folder / RECORD, json.dumps({"names": rows}, indent=1) + "\n")


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None

"""Where the weights are kept, and how they get there whole or not at all.

    ROOT/<model>/<format>/…                 the files, and unispeech.json which lists them
    ROOT/<model>/.partial-…                 being written; swept away by the next writer
    ROOT/.locks/<model>.lock                one writer per model, across processes

ROOT is `UNISPEECH_CACHE_DIR`, or the user's cache folder. A folder becomes a model by one rename,
when its list of files is inside it; nothing without that list is ever taken for a model.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from unispeech.errors import ModelDamaged, ModelError
from unispeech.models.formats import registry
from unispeech.system.files import acquire

MANIFEST = "unispeech.json"


@dataclass(frozen=True, slots=True)
class File:
    """One file of a kept model. `mtime_ns` tells cheaply whether somebody wrote to it."""

    size: int
    sha256: str
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Kept:
    """One model in one format, as its list of files says."""

    name: str
    format: str
    folder: Path
    files: dict[str, File]
    source: str
    licence: str = ""
    fingerprint: str = ""
    """For what was made from a local path: what that path held then."""
    notes: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """What a backend is given: the folder, or the one file of a single-file format."""
        suffix = registry.BY_NAME[self.format].suffix if self.format in registry.BY_NAME else ""
        if not suffix:
            return self.folder
        return next(self.folder / name for name in self.files if name.endswith(suffix))

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files.values())


def root() -> Path:
    """The folder of all kept weights: `UNISPEECH_CACHE_DIR` or the user's cache folder."""
    if given := os.environ.get("UNISPEECH_CACHE_DIR"):
        return Path(given).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("unispeech") / "models"


def _place(name: str) -> Path:
    return root() / name.replace("/", "--")


def find(name: str, format: str) -> Kept | None:
    """The kept model, if there is one and nobody has changed its files.

    Raises:
        ModelDamaged: a file is missing, has another length, or other contents.
    """
    kept = _read(_place(name) / format)
    if kept is None:
        return None
    for file, was in kept.files.items():
        try:
            now = (kept.folder / file).stat()
        except FileNotFoundError:
            raise _damaged(kept, file, "is missing") from None
        if now.st_size != was.size:
            raise _damaged(kept, file, f"has {now.st_size} bytes instead of {was.size}")
        if now.st_mtime_ns != was.mtime_ns and sha256_of(kept.folder / file) != was.sha256:
            raise _damaged(kept, file, "has been changed")
    return kept


def formats(name: str) -> list[str]:
    """The formats in which a model is kept."""
    if not _place(name).is_dir():
        return []
    return sorted(p.name for p in _place(name).iterdir() if (p / MANIFEST).is_file())


def listing() -> list[Kept]:
    """Everything kept, by name and format."""
    manifests = sorted(root().glob(f"*/[!.]*/{MANIFEST}"))
    return [kept for path in manifests if (kept := _read(path.parent))]


def verify(kept: Kept) -> list[str]:
    """Compare every byte with the list. One line for each file that is wrong; empty if whole."""
    wrong = []
    for file, was in kept.files.items():
        path = kept.folder / file
        if not path.is_file():
            wrong.append(f"{path} is missing")
        elif path.stat().st_size != was.size:
            wrong.append(f"{path} has {path.stat().st_size} bytes instead of {was.size}")
        elif sha256_of(path) != was.sha256:
            wrong.append(f"{path} has been changed: its sha256 is not {was.sha256}")
    return wrong


def remove(name: str, format: str = "") -> int:
    """Delete a model, or one format of it, and return how many bytes that freed."""
    with locked(name):
        doomed = [kept for kept in listing() if kept.name == name and format in ("", kept.format)]
        for kept in doomed:
            # Renamed first: a reader sees all of the model or none of it.
            aside = _partial(name)
            kept.folder.rename(aside)
            shutil.rmtree(aside)
        if not formats(name):
            shutil.rmtree(_place(name), ignore_errors=True)
    return sum(kept.size for kept in doomed)


@contextmanager
def locked(name: str, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Be the only writer of a model, among all processes; `waiting` is called if that takes time.

    Raises:
        ModelError: the folder cannot be written.
    """
    with writing(name, root()):
        held = acquire(root() / ".locks" / (name.replace("/", "--") + ".lock"), waiting)
    with held:
        for leftover in _place(name).glob(".partial-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield


@dataclass(slots=True)
class Draft:
    """A model that is being written into `folder`. `notes` say what was not as usual."""

    folder: Path
    name: str
    format: str
    source: str
    licence: str = ""
    fingerprint: str = ""
    notes: list[str] = field(default_factory=list)


@contextmanager
def placing(
    name: str, format: str, source: str, licence: str = "", fingerprint: str = ""
) -> Iterator[Draft]:
    """A folder to write a model into; it is kept if nothing raises.

    The caller holds `locked(name)`.

    Raises:
        ModelError: the disk is full or cannot be written. Nothing is left behind.
    """
    draft = Draft(_partial(name), name, format, source, licence, fingerprint)
    try:
        with writing(name, root()):
            draft.folder.mkdir(parents=True)
            yield draft
            _write(draft)
            _swap(draft.folder, _place(name) / draft.format)
    finally:
        shutil.rmtree(draft.folder, ignore_errors=True)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _partial(name: str) -> Path:
    return _place(name) / f".partial-{uuid.uuid4().hex}"


def _files_in(folder: Path) -> dict[str, File]:
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST)
    return {
        p.relative_to(folder).as_posix(): File(p.stat().st_size, sha256_of(p), p.stat().st_mtime_ns)
        for p in paths
    }


def _swap(new: Path, place: Path) -> None:
    if place.exists():
        old = place.parent / f".partial-{uuid.uuid4().hex}"
        place.rename(old)
        new.rename(place)
        shutil.rmtree(old, ignore_errors=True)
    else:
        new.rename(place)


def _write(draft: Draft) -> None:
    files = _files_in(draft.folder)
    kept = Kept(
        draft.name, draft.format, draft.folder, files, draft.source, draft.licence,
        draft.fingerprint, tuple(draft.notes),
    )  # fmt: skip
    fields = asdict(kept)
    del fields["folder"]
    text = json.dumps(fields, indent=1, ensure_ascii=False)
    (draft.folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def _read(folder: Path) -> Kept | None:
    try:
        fields = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        fields["files"] = {name: File(**file) for name, file in fields["files"].items()}
        fields["notes"] = tuple(fields["notes"])
        return Kept(folder=folder, **fields)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ModelDamaged(
            f"{folder / MANIFEST}: the list of the model's files cannot be read",
            f"delete {folder} and pull the model again",
        ) from None


def _damaged(kept: Kept, file: str, what: str) -> ModelDamaged:
    again = f"run: unispeech models rm {kept.name} && unispeech models pull {kept.name}"
    return ModelDamaged(f"the model {kept.name} is damaged: {kept.folder / file} {what}", again)


@contextmanager
def writing(what: str, where: Path) -> Iterator[None]:
    """Say in one line that the disk is full or the folder is not ours to write.

    Raises:
        ModelError: instead of the `OSError` of such a case.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, ModelError):
            raise
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise ModelError(
                f"no room on the disk for the model {what} in {where}",
                "make room there, or choose another disk (UNISPEECH_CACHE_DIR for the store)",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise ModelError(
                f"cannot write the model {what}: {error.strerror}: {error.filename or where}",
                "choose a folder that you can write to (UNISPEECH_CACHE_DIR for the store)",
            ) from error
        raise

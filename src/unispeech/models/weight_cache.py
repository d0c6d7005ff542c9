"""The cache of weights, to which models are added atomically.

    ROOT/<model>/<format>/…                 the files, and unispeech.json which lists them
    ROOT/<model>/.partial-…                 being written; deleted by the next writer
    ROOT/.locks/<model>.lock                one writer per model, across processes

ROOT is `UNISPEECH_CACHE_DIR`, or the user's cache folder. A complete folder, with its list of
files, is renamed into target; a folder without that list is never treated as a model.
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
    """One file of a cached model. `mtime_ns` detects changes without reading the file."""

    size: int
    sha256: str
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class CachedModel:
    """A model in one format, as described by its list of files."""

    name: str
    format: str
    folder: Path
    files: dict[str, File]
    source: str
    licence: str = ""
    fingerprint: str = ""
    """For the conversion of a local model: the fingerprint of the source files."""
    notes: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The path for a backend: the folder, or the file of a single-file format."""
        suffix = registry.BY_NAME[self.format].suffix if self.format in registry.BY_NAME else ""
        if not suffix:
            return self.folder
        return next(self.folder / name for name in self.files if name.endswith(suffix))

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files.values())


def root() -> Path:
    """Return the cache folder: `UNISPEECH_CACHE_DIR`, or a folder in the user's cache folder."""
    if folder := os.environ.get("UNISPEECH_CACHE_DIR"):
        return Path(folder).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("unispeech") / "models"


def _folder(name: str) -> Path:
    return root() / name.replace("/", "--")


def find(name: str, format: str) -> CachedModel | None:
    """Return the cached model, or None.

    Raises:
        ModelDamaged: a file is missing or has been changed.
    """
    cached = _read(_folder(name) / format)
    if cached is None:
        return None
    for file, recorded in cached.files.items():
        try:
            stat = (cached.folder / file).stat()
        except FileNotFoundError:
            raise _damaged(cached, file, "is missing") from None
        if stat.st_size != recorded.size:
            raise _damaged(cached, file, f"has {stat.st_size} bytes instead of {recorded.size}")
        if (
            stat.st_mtime_ns != recorded.mtime_ns
            and sha256_of(cached.folder / file) != recorded.sha256
        ):
            raise _damaged(cached, file, "has been changed")
    return cached


def formats(name: str) -> list[str]:
    """Return the formats in which a model is cached."""
    if not _folder(name).is_dir():
        return []
    return sorted(p.name for p in _folder(name).iterdir() if (p / MANIFEST).is_file())


def cached_models() -> list[CachedModel]:
    """Return all cached models, by name and format."""
    manifests = sorted(root().glob(f"*/[!.]*/{MANIFEST}"))
    return [cached for path in manifests if (cached := _read(path.parent))]


def verify(cached: CachedModel) -> list[str]:
    """Compare every byte with the list, and return a line for each damaged file."""
    damaged = []
    for file, recorded in cached.files.items():
        path = cached.folder / file
        if not path.is_file():
            damaged.append(f"{path} is missing")
        elif path.stat().st_size != recorded.size:
            damaged.append(f"{path} has {path.stat().st_size} bytes instead of {recorded.size}")
        elif sha256_of(path) != recorded.sha256:
            damaged.append(f"{path} has been changed: its sha256 is not {recorded.sha256}")
    return damaged


def remove(name: str, format: str = "") -> int:
    """Delete a model, or one format of it, and return the bytes freed."""
    with locked(name):
        models = [
            cached
            for cached in cached_models()
            if cached.name == name and format in ("", cached.format)
        ]
        for cached in models:
            # Renamed first, so that readers see the whole model or nothing.
            trash = _partial(name)
            cached.folder.rename(trash)
            shutil.rmtree(trash)
        if not formats(name):
            shutil.rmtree(_folder(name), ignore_errors=True)
    return sum(cached.size for cached in models)


@contextmanager
def locked(name: str, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the write lock of a model, across processes; `waiting` is called if it is taken.

    Raises:
        ModelError: the folder is not writable.
    """
    with disk_errors(name, root()):
        lock = acquire(root() / ".locks" / (name.replace("/", "--") + ".lock"), waiting)
    with lock:
        for leftover in _folder(name).glob(".partial-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield


@dataclass(slots=True)
class Draft:
    """A model that is being written into `folder`, with notes about its conversion."""

    folder: Path
    name: str
    format: str
    source: str
    licence: str = ""
    fingerprint: str = ""
    notes: list[str] = field(default_factory=list)


@contextmanager
def drafting(
    name: str, format: str, source: str, licence: str = "", fingerprint: str = ""
) -> Iterator[Draft]:
    """Yield a draft to write a model into; it is added to the cache unless the block raises.

    The caller holds `locked(name)`.

    Raises:
        ModelError: the disk is full or not writable. Nothing is left behind.
    """
    draft = Draft(_partial(name), name, format, source, licence, fingerprint)
    try:
        with disk_errors(name, root()):
            draft.folder.mkdir(parents=True)
            yield draft
            _write(draft)
            _swap(draft.folder, _folder(name) / draft.format)
    finally:
        shutil.rmtree(draft.folder, ignore_errors=True)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _partial(name: str) -> Path:
    return _folder(name) / f".partial-{uuid.uuid4().hex}"


def _files_in(folder: Path) -> dict[str, File]:
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST)
    return {
        p.relative_to(folder).as_posix(): File(p.stat().st_size, sha256_of(p), p.stat().st_mtime_ns)
        for p in paths
    }


def _swap(new: Path, target: Path) -> None:
    if target.exists():
        old = target.parent / f".partial-{uuid.uuid4().hex}"
        target.rename(old)
        new.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        new.rename(target)


def _write(draft: Draft) -> None:
    files = _files_in(draft.folder)
    cached = CachedModel(
        draft.name, draft.format, draft.folder, files, draft.source, draft.licence,
        draft.fingerprint, tuple(draft.notes),
    )  # fmt: skip
    fields = asdict(cached)
    del fields["folder"]
    text = json.dumps(fields, indent=1, ensure_ascii=False)
    (draft.folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def _read(folder: Path) -> CachedModel | None:
    try:
        fields = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        fields["files"] = {name: File(**file) for name, file in fields["files"].items()}
        fields["notes"] = tuple(fields["notes"])
        return CachedModel(folder=folder, **fields)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ModelDamaged(
            f"{folder / MANIFEST}: the list of the model's files is damaged",
            f"delete {folder} and pull the model again",
        ) from None


def _damaged(cached: CachedModel, file: str, problem: str) -> ModelDamaged:
    return ModelDamaged(
        f"the model {cached.name} is damaged: {cached.folder / file} {problem}",
        f"run: unispeech models rm {cached.name} && unispeech models pull {cached.name}",
    )


@contextmanager
def disk_errors(what: str, where: Path) -> Iterator[None]:
    """Turn errors about a full disk or a folder that is not writable into a `ModelError`.

    Raises:
        ModelError: instead of the `OSError` of these cases.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, ModelError):
            raise
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise ModelError(
                f"no space left on the disk for the model {what} in {where}",
                "free some space, or choose another disk (UNISPEECH_CACHE_DIR for the cache)",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise ModelError(
                f"cannot write the model {what}: {error.strerror}: {error.filename or where}",
                "choose a writable folder (UNISPEECH_CACHE_DIR for the cache)",
            ) from error
        raise

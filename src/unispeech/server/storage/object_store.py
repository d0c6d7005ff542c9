"""Storage of recordings in an object store, or any other file system that fsspec knows."""

from __future__ import annotations

import errno
import io
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from unispeech.errors import OptionError, UnispeechError
from unispeech.server.service_errors import StoreUnavailable
from unispeech.server.storage.disk import is_full
from unispeech.server.storage.recording_store import Store, Stored

THREADS = 16
"""Transfers at once, besides those of jobs."""
PART = 16 << 20
"""Bytes of one request of a larger transfer. `PARTS` of them are in memory, each up to three times
for a moment: as its pieces arrive, and joined."""
PARTS = 4
BLOCK = 1 << 20
"""Bytes that one request for a part of an open file reads."""
WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "memory"})
"""Protocols whose files appear whole. In others a file is written under another name first."""
S3 = ("s3", "s3a")
S3_OPTIONS: dict[str, Any] = {
    "config_kwargs": {
        "connect_timeout": 5,
        "read_timeout": 30,
        "retries": {"max_attempts": 3, "mode": "standard"},
    }
}
"""Seconds, and tries of botocore. A request waits as long for its 503."""
S3FS_TRIES = 2
"""Tries of s3fs, each with those of botocore."""
EXTRAS = {"s3": "unispeech[s3]", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}


class ObjectStore(Store):
    """Files below a URL of fsspec.

    Raises:
        OptionError: the URL's protocol is unknown, or its package is missing.
    """

    copy_lifetime = 86_400.0

    def __init__(self, url: str) -> None:
        self.threads: ThreadPoolExecutor = ThreadPoolExecutor(THREADS, "unispeech-store")
        self.url = _public(url)
        self._protocol = urlsplit(url).scheme
        self._pieces = {"chunksize": PART, "max_concurrency": PARTS}
        if self._protocol not in S3:
            self._pieces = {}
        self._files, self._root = _opened(url, self._protocol or "file", self.url)

    def check(self) -> None:
        """Raises:
        UnispeechError: the store does not answer, or refuses to write, read or remove.
        """
        key, data = f"jobs/{uuid.uuid4()}/check", b"unispeech"  # the sweep would find it
        try:
            self.put(key, data)
            is_same = self.get(key) == data
            self.remove(key)
        except StoreUnavailable as error:
            raise UnispeechError(
                f"the store {self.url} cannot be used: {error.reason}", "see UNISPEECH_STORE"
            ) from None
        if not is_same:
            raise UnispeechError(
                f"the store {self.url} does not return what was written", "see UNISPEECH_STORE"
            )

    def close(self) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)

    def path(self, key: str) -> None:
        return None

    def add(self, source: Path, key: str) -> None:
        with self._written(key) as target:
            self._files.put_file(str(source), target, **self._pieces)

    def put(self, key: str, data: bytes) -> None:
        with self._written(key) as target:
            self._files.pipe_file(target, data)

    def find(self, key: str) -> Stored | None:
        try:
            with _reached(missing=True):
                info = self._files.info(self._path(key))
        except FileNotFoundError:
            return None
        return None if info["type"] == "directory" else self._stored(info)

    def list(self, folder: str) -> Sequence[Stored]:
        try:
            with _reached(missing=True):
                found = self._files.find(self._path(folder), detail=True)
        except FileNotFoundError:
            return []
        return [self._stored(found[name]) for name in sorted(found)]

    def open(self, key: str) -> BinaryIO:
        stored = self.find(key)
        if stored is None:
            raise FileNotFoundError(key)
        return cast(BinaryIO, io.BufferedReader(_Reading(self, stored), BLOCK))

    def read_range(self, key: str, first: int, end: int) -> bytes:
        """Return the bytes from `first` to before `end`. Raises as `open` does."""
        with _reached(missing=True):
            data: bytes = self._files.cat_file(self._path(key), start=first, end=end)
        return data

    def copy(self, key: str, target: Path) -> None:
        stored = self.find(key)
        if stored is None:
            raise FileNotFoundError(key)
        if shutil.disk_usage(target.parent).free < stored.size:  # before hours of traffic
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        part = target.with_name(f"{target.name}-{uuid.uuid4().hex}.part")
        try:
            with _reached(missing=True):
                self._files.get_file(self._path(key), str(part), **self._pieces)
            if part.stat().st_size != stored.size:
                raise StoreUnavailable("a transfer broke off")
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    def remove(self, key: str) -> None:
        try:
            with _reached(missing=True):
                self._files.rm(self._path(key), recursive=True)
        except FileNotFoundError:
            pass

    def touch(self, key: str) -> None:
        """Do nothing: an object store has no time of use."""

    def remove_unfinished(self, before: float) -> int:
        """Abort the multipart uploads of killed processes: no listing of a bucket shows them."""
        if self._protocol not in S3:
            return 0
        bucket, _, prefix = self._root.partition("/")
        oldest = datetime.fromtimestamp(before, UTC)
        with _reached():
            uploads: list[dict[str, Any]] = [
                upload
                for upload in self._files.list_multipart_uploads(bucket)
                if upload["Key"].startswith(f"{prefix}/" if prefix else "")
                and upload["Initiated"] < oldest
            ]
            for upload in uploads:
                name = {"Bucket": bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
                self._files.call_s3("abort_multipart_upload", **name)
        return len(uploads)

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"

    def _stored(self, info: dict[str, Any]) -> Stored:
        return Stored(info["name"].removeprefix(f"{self._root}/"), info["size"], _modified(info))

    @contextmanager
    def _written(self, key: str) -> Iterator[str]:
        """Yield the path to write to. The file has its key when it is complete."""
        target = self._path(key)
        with _reached():
            if self._protocol in WHOLE:
                yield target
                return
            self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
            part = f"{target}-{uuid.uuid4().hex}.part"
            yield part
            self._files.mv(part, target)


class _Reading(io.RawIOBase):
    """File of a store, read by ranges."""

    def __init__(self, store: ObjectStore, stored: Stored) -> None:
        self._store = store
        self._stored = stored
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._stored.size}
        self._position = max(0, base[whence] + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        end = min(self._position + len(buffer), self._stored.size)
        if end <= self._position:
            return 0
        data = self._store.read_range(self._stored.key, self._position, end)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def _opened(url: str, protocol: str, shown: str) -> tuple[Any, str]:
    """Return fsspec's file system of a URL, and the path in it."""
    import fsspec

    options: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}
    if protocol in S3:
        options |= S3_OPTIONS
    elif protocol == "file":
        options["auto_mkdir"] = True
    try:
        files, root = fsspec.core.url_to_fs(url, **options)
    except ImportError as error:
        hint = f"pip install '{EXTRAS[protocol]}'" if protocol in EXTRAS else str(error)
        raise OptionError(f"UNISPEECH_STORE={shown} needs a package", hint) from None
    except ValueError as error:
        raise OptionError(
            f"UNISPEECH_STORE={shown}: {error}", "use s3://bucket/prefix or another URL of fsspec"
        ) from None
    if protocol in S3:
        files.retries = S3FS_TRIES  # no argument of its constructor
    root = str(root).rstrip("/")
    if not root:
        raise OptionError(f"UNISPEECH_STORE={shown} names no bucket or folder")
    return files, root


@contextmanager
def _reached(missing: bool = False) -> Iterator[None]:
    """Turn errors of fsspec and its file systems into `StoreUnavailable`; with `missing`, a file
    that does not exist is no error of the store."""
    try:
        yield
    except StoreUnavailable:
        raise
    except Exception as error:
        is_missing = missing and isinstance(error, FileNotFoundError)
        if is_missing or is_full(error) or isinstance(error, MemoryError):
            raise
        text = " ".join(str(error).split())
        raise StoreUnavailable(text[:300] or type(error).__name__) from error


def _modified(info: dict[str, Any]) -> float:
    """Return the Unix time of the last change, whose name and type differ among file systems."""
    for name in ("LastModified", "mtime", "last_modified", "updated", "created"):
        value = info.get(name)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, str):
            return datetime.fromisoformat(value).timestamp()
        if isinstance(value, int | float):
            return float(value)
    return time.time()  # never expires


def _public(url: str) -> str:
    """Return a URL without a user name and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()

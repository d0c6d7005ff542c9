"""Tar shards as WebDataset writes them: a row for each recording in them.

The files of a sample have the same name up to its first dot, which is the sample's key
(github.com/webdataset/webdataset, "The WebDataset format").
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path, PurePosixPath

from unispeech.audio.containers import MEDIA
from unispeech.corpus.rows import Row
from unispeech.errors import AudioError, OptionError

SUFFIXES = frozenset({".tar"})
_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")


@dataclass(frozen=True, slots=True)
class Shards:
    """Tar files: a path, a pattern, or a range such as `shard-{000..099}.tar`."""

    argument: str

    def rows(self) -> Iterator[Row]:
        numbers = count()
        for path in self._paths():
            yield from _members(path, numbers)

    def count(self) -> int | None:
        return None if "://" in self.argument else sum(1 for _ in self.rows())

    def _paths(self) -> list[str]:
        found = _RANGE.search(self.argument)
        if found:
            width = len(found[1])
            numbers = range(int(found[1]), int(found[2]) + 1)
            return [_RANGE.sub(str(n).zfill(width), self.argument, count=1) for n in numbers]
        if "://" in self.argument or Path(self.argument).is_file():
            return [self.argument]
        pattern = Path(self.argument)
        paths = sorted(str(path) for path in pattern.parent.glob(pattern.name))
        if not paths:
            raise OptionError(f"{self.argument}: there is no such tar file", "check its path")
        return paths


def _members(path: str, numbers: Iterator[int]) -> Iterator[Row]:
    if PurePosixPath(path).suffix.lower() != ".tar":
        raise OptionError(
            f"{path}: a compressed tar file cannot be read at any place", "give it as plain .tar"
        )
    import fsspec

    try:
        with fsspec.open(path, "rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
            for member in tar:
                name = PurePosixPath(member.name)
                if member.isfile() and name.suffix.lower() in MEDIA:
                    key = str(name.with_name(name.name.partition(".")[0]))
                    read = partial(_read, path, member.name, member.offset_data, member.size)
                    yield Row(next(numbers), f"{path}:{member.name}", key, content=read)
    except (OSError, tarfile.TarError) as error:
        raise OptionError(f"{path}: the tar file cannot be read ({error})") from error


def _read(path: str, name: str, offset: int, size: int) -> bytes:
    import fsspec

    with fsspec.open(path, "rb") as file:
        file.seek(offset)
        content: bytes = file.read(size)
    if len(content) < size:
        raise AudioError(f"{path}:{name}: the tar file is cut off")
    return content

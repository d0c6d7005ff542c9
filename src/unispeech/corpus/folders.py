"""A folder or a pattern as a manifest.

The order of its recordings is kept in a file, so that a row keeps its number when others appear.
"""

from __future__ import annotations

import glob
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from unispeech.audio.containers import MEDIA
from unispeech.corpus.rows import Row
from unispeech.errors import OptionError
from unispeech.system.files import acquire, write_whole


def is_folder(argument: str) -> bool:
    """True for a folder here or at a URL, and for a pattern."""
    return glob.has_magic(argument) or argument.endswith("/") or Path(argument).is_dir()


@dataclass(frozen=True, slots=True)
class Folder:
    """The recordings in a folder and its folders, or those that match a pattern."""

    argument: str
    frozen: Path

    def rows(self) -> Iterator[Row]:
        return (Row(number, audio) for number, audio in enumerate(self._recordings()))

    def count(self) -> int:
        return len(self._recordings())

    def _recordings(self) -> list[str]:
        """Those of earlier runs in their order, then the new ones.

        Raises:
            OptionError: there are none.
        """
        found = sorted(_found(self.argument))
        if not self.frozen.parent.is_dir():  # a dry run
            return _some(found, self.argument)
        with acquire(self.frozen.with_name(".manifest.lock"), lambda: None):
            known: list[str] = []
            if self.frozen.exists():
                known = [json.loads(line) for line in self.frozen.read_text("utf-8").splitlines()]
            new = sorted(set(found) - set(known))
            if new:
                lines = (json.dumps(name, ensure_ascii=False) for name in [*known, *new])
                write_whole(self.frozen, "".join(f"{line}\n" for line in lines))
        return _some([*known, *new], self.argument)


def _some(recordings: list[str], argument: str) -> list[str]:
    if not recordings:
        raise OptionError(f"{argument}: no recordings", "give a folder or pattern that has some")
    return recordings


def _found(argument: str) -> Iterator[str]:
    """The recordings that an argument names: with any suffix if it is a pattern."""
    if "://" in argument:
        yield from _at_url(argument)
    elif glob.has_magic(argument) and not Path(argument).is_dir():
        found = glob.glob(argument, recursive=True)  # noqa: PTH207  (`**` and absolute)
        yield from (str(Path(name).absolute()) for name in found if Path(name).is_file())
    else:
        for path in Path(argument).absolute().rglob("*"):
            if path.suffix.lower() in MEDIA and not path.name.startswith(".") and path.is_file():
                yield str(path)


def _at_url(url: str) -> Iterator[str]:
    import fsspec

    try:
        system, path = fsspec.url_to_fs(url)
        found = system.glob(path) if glob.has_magic(path) else system.find(path)
        for name in found:
            if glob.has_magic(path) or Path(name).suffix.lower() in MEDIA:
                yield system.unstrip_protocol(name)
    except Exception as error:  # fsspec raises the errors of many libraries
        raise OptionError(f"{url}: cannot be listed ({error})") from error

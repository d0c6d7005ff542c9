"""The recordings named on the command line: files, folders, patterns and stdin."""

from __future__ import annotations

import glob
import io
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from unispeech.audio.containers import MEDIA


@dataclass(frozen=True, slots=True)
class Input:
    """One recording to transcribe."""

    path: Path | None
    """None is stdin."""
    stem: str
    """The name of its output files, without the suffix."""

    @property
    def name(self) -> str:
        """The path as given, safe to print."""
        name = "<stdin>" if self.path is None else str(self.path)
        return "".join(c if c.isprintable() else "?" for c in name)

    def open(self) -> Path | io.BytesIO:
        return self.path or _Stdin(sys.stdin.buffer.read() if sys.stdin else b"")


class _Stdin(io.BytesIO):
    name = "<stdin>"


def expand(arguments: Sequence[str]) -> list[Input]:
    """Return every recording that the arguments name, in order, without duplicates.

    The stems are unique, so that no output file overwrites another.

    Raises:
        click.UsageError: a folder or a pattern without any recording.
    """
    paths: list[Path | None] = []
    for argument in arguments:
        for path in [None] if argument == "-" else _expand(argument):
            if path not in paths:
                paths.append(path)
    return [Input(path, stem) for path, stem in zip(paths, _stems(paths), strict=True)]


def _expand(argument: str) -> Iterator[Path]:
    path = Path(argument).expanduser()
    if path.is_dir():
        inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in MEDIA and p.is_file())
        if not inside:
            raise click.UsageError(f"{argument}: no recordings in this folder")
        yield from inside
    elif not path.exists() and glob.has_magic(argument):
        matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207  (`**` and absolute)
        if not matches:
            raise click.UsageError(f"{argument}: nothing matches this pattern")
        for match in matches:
            if Path(match).is_file():
                yield Path(match)
    else:
        yield path


def _stems(paths: Sequence[Path | None]) -> list[str]:
    """`talk`; `talk.mp3` if two inputs are called talk; numbered if that is not unique either."""
    plain = [path.stem if path else "stdin" for path in paths]
    shared = {stem for stem, count in Counter(s.casefold() for s in plain).items() if count > 1}
    stems: list[str] = []
    taken: set[str] = set()
    for path, stem in zip(paths, plain, strict=True):
        preferred = path.name if path and stem.casefold() in shared else stem
        number = 1
        unique = preferred
        while unique.casefold() in taken:
            number += 1
            unique = f"{preferred}.{number}"
        taken.add(unique.casefold())
        stems.append(unique)
    return stems

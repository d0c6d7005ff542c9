"""The recordings named on the command line: files, folders, patterns, URLs and stdin."""

from __future__ import annotations

import glob
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from unispeech.audio.containers import MEDIA
from unispeech.cli import urls


@dataclass(frozen=True, slots=True)
class Input:
    """One recording to transcribe."""

    path: Path | None
    """None is stdin. Of a URL, the path that names its output files."""
    url: str = ""

    @property
    def name(self) -> str:
        """The path as given, safe to print."""
        name = self.url or ("<stdin>" if self.path is None else str(self.path))
        return "".join(c if c.isprintable() else "?" for c in name)

    def open(self) -> Path | io.BytesIO:
        return self.path or _Stdin(sys.stdin.buffer.read() if sys.stdin else b"")


class _Stdin(io.BytesIO):
    name = "<stdin>"


def expand(arguments: Sequence[str]) -> list[Input]:
    """Return every recording that the arguments name, in order, without duplicates.

    Raises:
        click.UsageError: a folder or a pattern without any recording.
    """
    inputs = (source for argument in arguments for source in _inputs(argument))
    return list(dict.fromkeys(inputs))


def _inputs(argument: str) -> Iterator[Input]:
    if argument == "-":
        yield Input(None)
    elif urls.is_url(argument) and not Path(argument).exists():
        yield Input(urls.as_path(argument), argument)
    else:
        yield from map(Input, _expand(argument))


def recordings(folder: Path) -> list[Path]:
    """The recordings in a folder and its folders, in order. Hidden files are left out."""
    found = (p for p in folder.rglob("*") if p.suffix.lower() in MEDIA and p.is_file())
    return sorted(path for path in found if not path.name.startswith("."))


def _expand(argument: str) -> Iterator[Path]:
    path = Path(argument).expanduser()
    if path.is_dir():
        inside = recordings(path)
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

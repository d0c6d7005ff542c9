"""One format: its names, what it can hold, and the choices that it honours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from importlib.util import find_spec

from unispeech.errors import OptionError
from unispeech.text.subtitles import Layout
from unispeech.types import Transcript

SPEAKERS, WORDS, LANGUAGES, GAPS = "speakers", "words", "languages", "gaps"
"""Parts of a transcript that not every format can hold."""


@dataclass(frozen=True, slots=True)
class Details:
    """Choices that only some formats have. The reference lists them by format."""

    paragraphs: bool = False
    """Join segments into paragraphs, which end at a pause or another speaker."""
    times: bool = False
    """Begin each line or paragraph with its time."""
    word_times: bool = False
    """Write the time of each word into subtitles."""
    speakers: bool = True
    """Name the speakers."""
    title: str = ""
    """Title of a document. Default: the name of the recording."""
    date: datetime | None = None
    """Date of the transcription. Default: now."""

    @property
    def chosen(self) -> list[str]:
        """Names of the choices that differ from the defaults and change what is written.

        Formats without a place for the title and the date leave them out.
        """
        default = Details()
        return [
            field.name
            for field in fields(self)
            if field.name not in ("title", "date")
            and getattr(self, field.name) != getattr(default, field.name)
        ]


Render = Callable[[Transcript, Layout, Details], str | bytes]
Read = Callable[[str, str], Transcript]
"""Reads a text. The second argument names the file in errors."""


@dataclass(frozen=True, slots=True)
class Format:
    """A row of the registry."""

    name: str
    title: str
    """The name of the format in documents and menus."""
    media_type: str
    render: Render
    holds: frozenset[str] = frozenset()
    """The parts of a transcript that survive, of SPEAKERS, WORDS, LANGUAGES and GAPS."""
    choices: frozenset[str] = frozenset()
    """Fields of `Details` that the format honours. All that hold speakers can leave them out."""
    extension: str = ""
    """Extension of its files, if it is not the name."""
    is_subtitle: bool = False
    """True if it follows the layout of subtitles."""
    read: Read | None = None
    library: str = ""
    """The package that writes it, of the extra `formats`."""

    @property
    def suffix(self) -> str:
        """The extension of its files, with a dot."""
        return f".{self.extension or self.name}"

    def check_installed(self) -> None:
        """Raises:
        OptionError: the library of the format is not installed.
        """
        if self.library and find_spec(self.library) is None:
            raise OptionError(
                f"format {self.name} needs the package {self.library}",
                "run: pip install 'unispeech[formats]'",
                code="format_not_installed",
            )

    def honours(self, choice: str) -> bool:
        return choice in self.choices or (choice == "speakers" and SPEAKERS in self.holds)

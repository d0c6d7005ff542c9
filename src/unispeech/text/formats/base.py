"""One format: its names, what it can hold, and the choices that it honours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec

from unispeech.errors import OptionError
from unispeech.option_schema import Option, declarations, option, validate
from unispeech.text.subtitles import Layout
from unispeech.types import Transcript

SPEAKERS, WORDS, LANGUAGES, GAPS = "speakers", "words", "languages", "gaps"
"""Parts of a transcript that not every format can hold."""


@dataclass(frozen=True, slots=True)
class Details:
    """Choices that only some formats have, as the reference of formats lists.

    Raises:
        OptionError: a value is invalid.
    """

    paragraphs: bool = option(False, "Join segments into paragraphs (txt).")
    times: bool = option(False, "Begin lines or paragraphs with their time (txt, md).")
    word_times: bool = option(False, "Write the time of each word (vtt, ass, lrc).")
    speakers: bool = option(True, "Name the speakers, if known.",
                            off_help="Leave out the names of speakers.")  # fmt: skip
    title: str = ""
    """Title of a document. Default: the name of the recording."""
    date: datetime | None = None
    """Date of the transcription. Default: now."""
    translation: Sequence[str] | None = None
    """Text to put beside each segment (txt, docx, html, csv), from `text.beside.texts_beside`."""
    translation_language: str = "en"

    def __post_init__(self) -> None:
        validate(self)

    @property
    def chosen(self) -> list[str]:
        """Names of the choices that differ from the defaults and change what is written.

        Formats without a place for a title or a date leave these out.
        """
        names = [row.name for row in DETAILS if getattr(self, row.name) != row.default]
        return [*names, *(["translation"] if self.translation is not None else [])]

    def beside(self, transcript: Transcript) -> Sequence[str]:
        """The text beside each segment; empty texts without a translation.

        Raises:
            ValueError: there is not one text for each segment.
        """
        count = len(transcript.segments)
        if self.translation is not None and len(self.translation) != count:
            raise ValueError(f"{len(self.translation)} translations for {count} segments")
        return [""] * count if self.translation is None else self.translation


DETAILS: tuple[Option, ...] = tuple(declarations(Details))
"""The declarations of the choices."""


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
    """Fields of `Details` that the format honours. All that hold more than speakers can leave
    these out."""
    extension: str = ""
    """Extension of its files, if it is not the name."""
    is_subtitle: bool = False
    """True if it follows the layout of subtitles."""
    read: Read | None = None
    is_text: bool = True
    """False if its files are bytes."""
    needs_speakers: bool = False
    """True if it lists nothing but the turns of speakers."""
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
        can_omit_speakers = SPEAKERS in self.holds and not self.needs_speakers
        return choice in self.choices or (choice == "speakers" and can_omit_speakers)

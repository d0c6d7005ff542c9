"""The table of formats: the one place that names them, for every door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, overload

from unispeech.errors import OptionError, did_you_mean, nearest
from unispeech.text.formats.base import (
    DETAILS,
    GAPS,
    LANGUAGES,
    SPEAKERS,
    WORDS,
    Details,
    Format,
)
from unispeech.text.formats.elan import eaf
from unispeech.text.formats.html_page import html
from unispeech.text.formats.markers import edl, fcpxml
from unispeech.text.formats.nist import ctm, rttm, stm
from unispeech.text.formats.objects import jsonl, to_json
from unispeech.text.formats.plain import md, txt
from unispeech.text.formats.praat import textgrid
from unispeech.text.formats.read_objects import read_json, read_jsonl
from unispeech.text.formats.read_praat import read_textgrid
from unispeech.text.formats.rows import csv, tsv
from unispeech.text.formats.scc import scc
from unispeech.text.formats.stl import stl
from unispeech.text.formats.subrip import read_srt, srt
from unispeech.text.formats.timed_lyrics import ass, lrc
from unispeech.text.formats.ttml import ttml
from unispeech.text.formats.webvtt import read_vtt, vtt
from unispeech.text.formats.word_document import docx
from unispeech.text.subtitles import Layout
from unispeech.types import Transcript


def _holds(*parts: str) -> frozenset[str]:
    return frozenset(parts)


WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_ROWS = (
    Format("txt", "Text", "text/plain", txt, _holds(SPEAKERS),
           _holds("paragraphs", "times", "translation")),
    Format("md", "Markdown", "text/markdown", md, _holds(SPEAKERS), _holds("times")),
    Format("docx", "Word document", WORD, docx, _holds(SPEAKERS, GAPS), _holds("translation"),
           is_text=False, library="docx"),
    Format("html", "Web page that reads along", "text/html", html,
           _holds(SPEAKERS, WORDS, LANGUAGES), _holds("translation")),
    Format("srt", "SubRip subtitles", "text/plain", srt, _holds(SPEAKERS),
           is_subtitle=True, read=read_srt),
    Format("vtt", "WebVTT subtitles", "text/vtt", vtt, _holds(SPEAKERS, WORDS, LANGUAGES),
           _holds("word_times"), is_subtitle=True, read=read_vtt),
    Format("ass", "SubStation Alpha subtitles", "text/x-ssa", ass, _holds(SPEAKERS, WORDS),
           _holds("word_times"), is_subtitle=True),
    Format("lrc", "Lyrics", "text/plain", lrc, _holds(SPEAKERS, WORDS), _holds("word_times"),
           is_subtitle=True),
    Format("ttml", "TTML subtitles (EBU-TT-D, IMSC)", "application/ttml+xml", ttml,
           _holds(SPEAKERS, LANGUAGES), is_subtitle=True),
    Format("scc", "Closed captions (CEA-608)", "text/plain", scc, _holds(SPEAKERS),
           is_subtitle=True, library="ttconv"),
    Format("stl", "EBU STL subtitles", "application/octet-stream", stl, _holds(SPEAKERS),
           is_subtitle=True, is_text=False),
    Format("tsv", "Table of milliseconds", "text/tab-separated-values", tsv),
    Format("csv", "Table for spreadsheets", "text/csv", csv, _holds(SPEAKERS, LANGUAGES),
           _holds("translation")),
    Format("json", "Everything", "application/json", to_json,
           _holds(SPEAKERS, WORDS, LANGUAGES, GAPS), read=read_json),
    Format("jsonl", "A JSON object per segment", "application/jsonl", jsonl,
           _holds(SPEAKERS, WORDS, LANGUAGES), read=read_jsonl),
    Format("rttm", "Speaker turns of NIST", "text/plain", rttm, _holds(SPEAKERS),
           needs_speakers=True),
    Format("ctm", "Words of NIST", "text/plain", ctm, _holds(WORDS, LANGUAGES)),
    Format("stm", "Segments of NIST", "text/plain", stm, _holds(SPEAKERS, LANGUAGES)),
    Format("textgrid", "Praat TextGrid", "text/plain", textgrid, _holds(SPEAKERS, WORDS),
           read=read_textgrid),
    Format("eaf", "ELAN annotation", "application/xml", eaf, _holds(SPEAKERS, WORDS, LANGUAGES)),
    Format("edl", "Markers of an edit decision list", "text/plain", edl, _holds(SPEAKERS)),
    Format("fcpxml", "Markers for Final Cut Pro", "application/xml", fcpxml,
           _holds(SPEAKERS, LANGUAGES)),
)  # fmt: skip
FORMATS: dict[str, Format] = {row.name: row for row in _ROWS}
ALL = ("txt", "srt", "vtt", "tsv", "json")
"""The formats of `all`, which are openai-whisper's."""


@overload
def render(  # type: ignore[overload-overlap]  # two of the names give bytes
    transcript: Transcript,
    format: Literal["docx", "stl"],
    layout: Layout | None = None,
    details: Details | None = None,
) -> bytes: ...
@overload
def render(
    transcript: Transcript,
    format: str,
    layout: Layout | None = None,
    details: Details | None = None,
) -> str: ...
def render(
    transcript: Transcript,
    format: str,
    layout: Layout | None = None,
    details: Details | None = None,
) -> str | bytes:
    """Render a transcript in a format of `FORMATS`: text that ends with a newline, or bytes.

    Raises:
        OptionError: the format is unknown, cannot hold the text, has no layout or no choice of
            `details`, or lists speakers and there are none.
        UnispeechError: the library of the format is not installed.
    """
    row = find(format)
    details = details or Details()
    check_choices([row], layout or Layout(), details)
    check_speakers(transcript, [row])
    return row.render(
        transcript if details.speakers else without_speakers(transcript),
        layout or Layout(),
        details,
    )


def check_choices(rows: Sequence[Format], layout: Layout, details: Details) -> None:
    """Check that a format honours what is chosen.

    Raises:
        OptionError: none of the formats has a layout, or a choice of `details`.
    """
    if layout.given and not any(row.is_subtitle for row in rows):
        names = ", ".join(name for name, row in FORMATS.items() if row.is_subtitle)
        option = layout.chosen[0]
        raise OptionError(f"{option} needs a format of {names}", option=option)
    for choice in details.chosen:
        if not any(row.honours(choice) for row in rows):
            names = ", ".join(name for name, row in FORMATS.items() if row.honours(choice))
            option = "speakers=False" if choice == "speakers" else choice
            raise OptionError(f"{option} needs a format of {names}", option=choice)


def check_speakers(transcript: Transcript, rows: Sequence[Format]) -> None:
    """Check that a transcript with text has speakers for the formats that list them.

    Raises:
        OptionError: it has none.
    """
    segments = transcript.segments
    has_speakers = bool(transcript.turns) or any(
        segment.speaker or any(word.speaker for word in segment.words) for segment in segments
    )
    for row in rows:
        if row.needs_speakers and segments and not has_speakers:
            raise OptionError(
                f"no speakers for {row.name}", "transcribe the recording with diarize=True",
                code="no_speakers", option="format",
            )  # fmt: skip


def find(format: str) -> Format:
    """The format of a name.

    Raises:
        OptionError: the format is unknown.
    """
    if format not in FORMATS:
        hint = did_you_mean(nearest(format, FORMATS), f"use one of {', '.join(FORMATS)}")
        raise OptionError(f"format {format!r} is unknown", hint)
    return FORMATS[format]


def encoded(
    transcript: Transcript,
    format: str,
    layout: Layout | None = None,
    details: Details | None = None,
) -> bytes:
    """A rendered transcript as the bytes of a file, in UTF-8 if it is text. A layout and choices
    that the format does not have are left out: a file may be one of several of a run."""
    row, details = find(format), details or Details()
    others = {choice.name: choice.default for choice in DETAILS if not row.honours(choice.name)}
    if not row.honours("translation"):
        others["translation"] = None
    details = replace(details, **others)
    kept = transcript if details.speakers else without_speakers(transcript)
    content = row.render(kept, layout or Layout(), details)
    return content if isinstance(content, bytes) else content.encode()


def without_speakers(transcript: Transcript) -> Transcript:
    """A copy without the names of speakers."""
    segments = (
        replace(s, speaker=None, words=tuple(replace(word, speaker=None) for word in s.words))
        for s in transcript.segments
    )
    return replace(transcript, segments=tuple(segments), turns=())


def losses(transcript: Transcript, formats: Sequence[str]) -> str:
    """A line about the parts of the transcript that formats of a run cannot hold, or nothing."""
    present = {
        SPEAKERS: any(segment.speaker for segment in transcript.segments),
        LANGUAGES: len(transcript.languages) > 1,
    }
    parts = [
        f"{part} ({', '.join(without)})"
        for part, is_present in present.items()
        if is_present and (without := [name for name in formats if part not in FORMATS[name].holds])
    ]
    return f"not every format holds the {' and the '.join(parts)}" if parts else ""


def extensions(formats: Sequence[str], speakers: bool = False) -> list[str]:
    """Expand `all` in a list of formats. It includes RTTM only with speakers."""
    if "all" in formats:
        return [*ALL, "rttm"] if speakers else list(ALL)
    return list(formats)


def read(path: Path) -> Transcript:
    """Read a transcript from a file, whose suffix is its format.

    Raises:
        OptionError: the format has no reader, or a line is malformed.
        OSError: the file cannot be read.
    """
    format = readable().get(path.suffix.lower())
    if format is None:
        hint = f"give one of {', '.join(readable())}"
        raise OptionError(f"{path}: no transcript that can be read", hint)
    return parse(path.read_bytes(), format, str(path))


def readable() -> dict[str, str]:
    """The formats that can be read, by the suffix of their files in lower case."""
    return {row.suffix.lower(): row.name for row in FORMATS.values() if row.read}


def parse(content: bytes, format: str, name: str) -> Transcript:
    """Read a transcript from the bytes of a file in UTF-8, or in UTF-16 with its mark.

    Raises:
        OptionError: the content is malformed; the message has `name` and the line.
    """
    reader = find(format).read
    if reader is None:
        raise OptionError(f"{name}: {format} cannot be read")
    return reader(decoded(content, name), name)


def decoded(content: bytes, name: str) -> str:
    """The text of a file, with newlines alone at the ends of its lines.

    Raises:
        OptionError: it is not UTF-8; the message has the line.
    """
    is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise OptionError(f"{name}: line {line} is not UTF-8", "save it as UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")

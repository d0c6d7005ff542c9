"""Plain text, and Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unispeech.text import timing
from unispeech.text.formats.base import Details
from unispeech.text.formats.timestamps import short
from unispeech.text.subtitles import Layout, speaker
from unispeech.types import Segment, Transcript

PAUSE = 2.0
"""Seconds without speech that end a paragraph."""
LONGEST = 1000
"""Characters after which a paragraph ends at the next sentence."""
SENTENCE_ENDS = tuple(".!?…。!?؟।")
NOBODY = "?"
"""Stands for the name of a segment without a speaker among segments with speakers."""
TRANSCRIPTS = (".json", ".jsonl", ".srt", ".textgrid", ".vtt")
"""Suffixes of the files that a transcript is read from."""
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~])")
_BLOCK = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))", re.M)
"""Beginnings of a line that Markdown takes for a list or a heading."""


def line(segment: Segment) -> str:
    """A segment as a line of text, with its speaker."""
    return speaker(segment.speaker) + segment.text.strip()


def txt(transcript: Transcript, layout: Layout, details: Details) -> str:
    """A line per segment, as openai-whisper writes it, or paragraphs. A translation follows below
    each, and a blank line."""

    def at(start: float) -> str:
        return f"[{short(start)}] " if details.times else ""

    texts = details.beside(transcript)
    if details.paragraphs:
        parts = paragraphs(transcript, texts)
        blocks = [(at(p.start) + speaker(p.speaker) + p.text, p.beside) for p in parts]
    else:
        segments = _attributed(transcript.segments)
        blocks = [(at(s.start) + line(s), o) for s, o in zip(segments, texts, strict=True)]
    is_apart = details.paragraphs or details.translation is not None
    written = (f"{text}\n{other}\n" if other else f"{text}\n" for text, other in blocks)
    return ("\n" if is_apart else "").join(written)


def _attributed(segments: Iterable[Segment]) -> Iterator[Segment]:
    """The segments; one of nobody after a named one would read as the name's, so it gets NOBODY."""
    any_before = False
    for segment in segments:
        any_before = any_before or bool(segment.speaker)
        yield replace(segment, speaker=NOBODY) if any_before and not segment.speaker else segment


def md(transcript: Transcript, layout: Layout, details: Details) -> str:
    """A heading, and a paragraph for each turn or thought."""
    blocks = [f"# {_escaped(title(transcript, details))}\n"]
    for part in paragraphs(transcript):
        time = f"`{short(part.start)}` " if details.times else ""
        name = f"**{_escaped(part.speaker)}:** " if part.speaker else ""
        blocks.append(f"{time}{name}{_escaped(part.text)}\n")
    return "\n".join(blocks)


def _escaped(text: str) -> str:
    text = _MARKDOWN.sub(r"\\\1", text.replace("&", "&amp;"))
    return _BLOCK.sub(lambda found: f"{found[1]}{_item(found[2])}", text)


def _item(sign: str) -> str:
    return f"{sign}&#8203;" if sign.isdigit() else f"\\{sign}"


def title(transcript: Transcript, details: Details) -> str:
    """The title of a document: the one chosen, or the name of the recording."""
    return details.title or Path(transcript.source).stem or "Transcript"


def recording_name(transcript: Transcript) -> str:
    """Return the name of the recording's file; empty if only that of a transcript is known."""
    source = Path(transcript.source)
    return "" if source.suffix.lower() in TRANSCRIPTS else source.name


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Consecutive segments of one speaker in one language, without a long pause."""

    speaker: str | None
    """The name, NOBODY for nobody's segments among those of others, None without speakers."""
    language: str
    segments: tuple[Segment, ...]
    beside: str = ""
    """The translation."""

    @property
    def start(self) -> float:
        return self.segments[0].start

    @property
    def text(self) -> str:
        return joined([segment.text for segment in self.segments])


def paragraphs(transcript: Transcript, beside: Sequence[str] = ()) -> Iterator[Paragraph]:
    """The text as people read it: a new paragraph at each change of speaker or language, at a
    pause, and at the end of a sentence when it gets long. `beside` has the translation of each
    segment."""
    has_speakers = any(segment.speaker for segment in transcript.segments)

    def paragraph(segments: list[Segment], others: list[str]) -> Paragraph:
        name = segments[0].speaker or (NOBODY if has_speakers else None)
        code = language(segments[0], transcript)
        return Paragraph(name, code, tuple(segments), joined(others))

    open_: list[Segment] = []
    others: list[str] = []
    texts = beside or [""] * len(transcript.segments)
    for segment, other in zip(transcript.segments, texts, strict=True):
        if not segment.text.strip() and not other:
            continue
        if open_ and _ends(open_, segment):
            yield paragraph(open_, others)
            open_, others = [], []
        open_.append(segment)
        others.append(other)
    if open_:
        yield paragraph(open_, others)


def _ends(open_: Sequence[Segment], following: Segment) -> bool:
    last = open_[-1]
    if (last.speaker, last.language) != (following.speaker, following.language):
        return True
    if following.start - last.end >= PAUSE:
        return True
    length = sum(len(segment.text) for segment in open_)
    return length > LONGEST and last.text.rstrip().endswith(SENTENCE_ENDS)


def language(segment: Segment, transcript: Transcript) -> str:
    return segment.language or transcript.language


def joined(texts: Sequence[str]) -> str:
    """Texts with a space between them, except in scripts without spaces."""
    text = ""
    for part in texts:
        part = " ".join(part.split())
        is_spaceless = bool(text and part and timing.SIGNS.match(part))
        text += part if is_spaceless or not text or not part else f" {part}"
    return text

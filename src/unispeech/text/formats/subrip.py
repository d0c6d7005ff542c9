"""SubRip subtitles (.srt): the format of openai-whisper's writer, and a reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from unispeech.errors import OptionError
from unispeech.text.formats.base import Details
from unispeech.text.formats.plain import joined
from unispeech.text.formats.timestamps import timestamp
from unispeech.text.layout.cue import NOBODY
from unispeech.text.subtitles import Layout, cues
from unispeech.text.timing import SIGNS
from unispeech.types import Segment, Transcript

TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{TIME}\s*-->\s*{TIME}(?:\s.*)?")
_TAG = re.compile(r"</?(?:b|i|u|s|font)\b[^<>]*>|\{\\[^{}]*\}", re.I)
"""Marks of style, which are not text: HTML's, and those of SubStation Alpha."""
_NAME = re.compile(r"\[([^\n]+?)\]: ")


def srt(transcript: Transcript, layout: Layout, details: Details) -> str:
    blocks = [
        f"{number}\n{timestamp(cue.start)} --> {timestamp(cue.end)}\n{cue.text}\n\n"
        for number, cue in enumerate(cues(transcript, layout), 1)
    ]
    return "".join(blocks)


def read_srt(content: str, name: str) -> Transcript:
    """Read subtitles: a segment per cue, its speaker from a prefix `[Ada]: `.

    Raises:
        OptionError: a line is malformed; the message has its number.
    """
    segments: list[Segment] = []
    for block in blocks(content, name):
        text = joined_lines(block.lines)
        found = _NAME.match(text)
        speaker = found[1] if found and found[0] != NOBODY else None
        spoken = untagged(text[found.end() :] if found else text)
        if spoken.strip():
            segments.append(
                Segment(len(segments), block.start, block.end, spaced(spoken), speaker=speaker)
            )
    return transcript_of(segments, name)


def untagged(text: str) -> str:
    """A line of a cue without its marks of style."""
    return _TAG.sub("", text)


@dataclass
class Block:
    """The lines between two times."""

    start: float
    end: float
    line: int
    """Number of the line with the times, from 1."""
    lines: list[str] = field(default_factory=list)


def blocks(text: str, name: str) -> Iterator[Block]:
    """The cues of a SubRip text. A number before the times, or none, is the counter of the cue.

    Raises:
        OptionError: a line is malformed.
    """
    block: Block | None = None
    pending: list[tuple[int, str]] = []
    for number, row in enumerate(text.splitlines(), 1):
        if "-->" not in row:
            pending.append((number, row))
            continue
        start, end = times(row, _TIMES, f"{name}: line {number}", "00:00:01,500 --> 00:00:03,000")
        while pending and not pending[-1][1].strip():
            pending.pop()
        if pending and pending[-1][1].strip().isdigit():
            pending.pop()
        yield from _with_lines(block, pending, name)
        block, pending = Block(start, end, number), []
    yield from _with_lines(block, pending, name)


def _with_lines(block: Block | None, lines: list[tuple[int, str]], name: str) -> Iterator[Block]:
    if block is not None:
        block.lines = [row for _, row in lines if row.strip()]
        yield block
        return
    for number, row in lines:
        if row.strip():
            raise OptionError(
                f"{name}: line {number} is {row.strip()[:40]!r}, before the first times",
                "begin with a line such as 00:00:01,500 --> 00:00:03,000",
            )


def times(row: str, pattern: re.Pattern[str], place: str, example: str) -> tuple[float, float]:
    """The start and end in a line.

    Raises:
        OptionError: the line is malformed, or the end is before the start.
    """
    found = pattern.fullmatch(row)
    if found is None:
        raise OptionError(f"{place}: {row.strip()[:60]!r} is no time range", f"write {example}")
    start, end = seconds(*found.groups()[:4]), seconds(*found.groups()[4:8])
    if end < start:
        raise OptionError(f"{place}: the end {end:g} s is before the start {start:g} s")
    return start, end


def seconds(hours: str | None, minutes: str, whole: str, fraction: str) -> float:
    total = int(hours or 0) * 3600 + int(minutes) * 60 + int(whole)
    return round(total + int(fraction.ljust(3, "0")) / 1000, 3)


def joined_lines(lines: list[str]) -> str:
    """The lines of a cue as one, for the layout to break again."""
    return joined([line.strip() for line in lines])


def spaced(text: str) -> str:
    """A segment's text, with the leading space that Whisper writes before words."""
    text = text.strip()
    return text if SIGNS.match(text) else f" {text}"


def transcript_of(segments: list[Segment], name: str, language: str = "") -> Transcript:
    """A transcript read from a file that has no more than segments."""
    return Transcript(
        text="".join(segment.text for segment in segments).strip(),
        language=language,
        duration=max((segment.end for segment in segments), default=0.0),
        segments=tuple(segments),
        backend="",
        model="",
        source=name,
    )

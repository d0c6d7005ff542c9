"""Subtitles: cutting of a transcript into cues, and violations of the layout."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

from unispeech.errors import OptionError
from unispeech.text import timing
from unispeech.types import Segment, Transcript, Word


@dataclass(frozen=True, slots=True)
class Layout:
    """Limits for subtitles. Words without times get times in proportion to their length."""

    max_line_width: int | None = None
    """Maximum characters per line."""
    max_line_count: int | None = None
    """Maximum lines per cue."""
    max_words_per_line: int | None = None
    max_cps: float | None = None
    """Maximum characters per second. A faster cue is extended, up to the start of the next."""

    def __post_init__(self) -> None:
        for name in ("max_line_width", "max_line_count", "max_words_per_line"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, int) and value >= 1):
                raise OptionError(
                    f"{name} is {value!r}", "use a whole number from 1 up", option=name
                )
        cps = self.max_cps
        if cps is not None and not (isinstance(cps, int | float) and 0 < cps < math.inf):
            raise OptionError(
                f"max_cps is {cps!r}", "use a number above 0, such as 17", option="max_cps"
            )

    @property
    def given(self) -> bool:
        """True if any limit is set."""
        return any(getattr(self, field.name) is not None for field in fields(self))

    @property
    def cuts(self) -> bool:
        """True if a segment may become several cues or lines."""
        return (self.max_line_width, self.max_line_count, self.max_words_per_line) != (None,) * 3


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle. Newlines in `text` separate its lines."""

    start: float
    end: float
    text: str
    segment: int = 0
    """The id of the cue's segment."""

    @property
    def cps(self) -> float:
        """Reading speed in characters per second, counting a line break as a character."""
        return len(self.text) / max(self.end - self.start, 0.001)


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a cue violates: its `value` exceeds the `limit`."""

    cue: int
    """Number of the cue, from 1."""
    segment: int
    start: float
    end: float
    text: str
    rule: str
    value: float
    limit: float


def cues(transcript: Transcript, layout: Layout) -> list[Cue]:
    """The subtitles of a transcript: a cue per segment, or cut to the layout."""
    cues = [cue for segment in transcript.segments for cue in _of(segment, layout)]
    if layout.max_cps is None or not cues:
        return cues
    limits = [cue.start for cue in cues[1:]] + [transcript.duration]
    return [_extended(cue, layout.max_cps, limit) for cue, limit in zip(cues, limits, strict=True)]


def speaker(name: str | None) -> str:
    """The prefix of a speaker's text; empty without a name."""
    return f"[{name}]: " if name else ""


def _of(segment: Segment, layout: Layout) -> Iterator[Cue]:
    words = segment.words
    if layout.cuts:
        words = words or timing.interpolated(segment.text, segment.start, segment.end)
    if layout.cuts and words:
        yield from _cut(segment, words, layout)
    else:
        text = speaker(segment.speaker) + segment.text.strip()
        yield Cue(segment.start, segment.end, _plain(text), segment.id)


def _cut(segment: Segment, words: Sequence[Word], layout: Layout) -> Iterator[Cue]:
    """Group the lines of a segment into cues."""
    lines = _lines(words, layout, speaker(segment.speaker))
    per_cue = layout.max_line_count or (1 if layout.max_words_per_line else len(lines))
    for first in range(0, len(lines), per_cue):
        part = lines[first : first + per_cue]
        texts = [_plain(text) for text, _ in part]
        start, end = part[0][1][0].start, part[-1][1][-1].end
        yield Cue(start, end, "\n".join(texts), segment.id)


def _lines(words: Sequence[Word], layout: Layout, prefix: str) -> list[tuple[str, list[Word]]]:
    """Group words into lines, each with its text. A word longer than a line is a whole line."""
    lines: list[tuple[str, list[Word]]] = []
    for word in words:
        if lines:
            text, line = lines[-1]
            extended = (text + word.word).strip()
            too_wide = layout.max_line_width is not None and len(extended) > layout.max_line_width
            full = layout.max_words_per_line is not None and len(line) >= layout.max_words_per_line
            if not (too_wide or full):
                lines[-1] = text + word.word, [*line, word]
                continue
        lines.append(((prefix if not lines else "") + word.word.lstrip(), [word]))
    return lines


def _plain(text: str) -> str:
    """Remove what would end a cue (an empty line) or begin one (an arrow)."""
    return re.sub(r"\s*[\r\n]\s*", " ", text.strip()).replace("-->", "->")


def _extended(cue: Cue, max_cps: float, limit: float) -> Cue:
    """Extend a cue to its reading time, but not beyond `limit` seconds."""
    end = math.ceil((cue.start + len(cue.text) / max_cps) * 1000) / 1000
    return replace(cue, end=max(cue.end, min(end, limit)))


def violations(cues: Sequence[Cue], layout: Layout) -> list[Violation]:
    """The rules that cues violate even after cutting, in the order of the cues."""
    broken: list[Violation] = []
    previous_end = -math.inf
    for number, cue in enumerate(cues, 1):
        lines = cue.text.split("\n")
        overlap = round(previous_end - cue.start, 3) if number > 1 else 0.0
        measured: tuple[tuple[str, float, float | None, float], ...] = (
            ("max_line_width", max(map(len, lines)), layout.max_line_width, 0),
            ("max_line_count", len(lines), layout.max_line_count, 0),
            ("max_cps", round(cue.cps, 1), layout.max_cps, 0.05),
            ("overlap", overlap, 0.0, 0.0005),
        )
        broken += [
            Violation(number, cue.segment, cue.start, cue.end, cue.text, rule, value, limit)
            for rule, value, limit, rounding in measured
            if limit is not None and value > limit + rounding
        ]
        previous_end = cue.end
    return broken

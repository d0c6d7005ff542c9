"""Subtitles: a transcript cut into cues of so many lines and letters, and what is too much."""

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
    """How subtitles are cut. Words without times get such as their letters suggest."""

    max_line_width: int | None = None
    """Characters in a line."""
    max_line_count: int | None = None
    """Lines in a cue."""
    max_words_per_line: int | None = None
    max_cps: float | None = None
    """Characters a second. A cue that is too fast stays longer, if the next one lets it."""

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
        return any(getattr(self, field.name) is not None for field in fields(self))

    @property
    def cuts(self) -> bool:
        """Whether a segment may become several cues or lines."""
        return (self.max_line_width, self.max_line_count, self.max_words_per_line) != (None,) * 3


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle: its lines are joined with newlines."""

    start: float
    end: float
    text: str
    segment: int = 0
    """The id of the segment that it is part of."""

    @property
    def cps(self) -> float:
        """Characters a second that have to be read, a line break as a space."""
        return len(self.text) / max(self.end - self.start, 0.001)


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a cue breaks: its `value` is above the `limit`."""

    cue: int
    """Counted from 1."""
    segment: int
    start: float
    end: float
    text: str
    rule: str
    value: float
    limit: float


def cues(transcript: Transcript, layout: Layout) -> list[Cue]:
    """The subtitles: a segment each, or cut by the layout."""
    found = [cue for segment in transcript.segments for cue in _of(segment, layout)]
    if layout.max_cps is None or not found:
        return found
    starts = [cue.start for cue in found[1:]] + [transcript.duration]
    return [_slowed(cue, layout.max_cps, until) for cue, until in zip(found, starts, strict=True)]


def speaker(name: str | None) -> str:
    """What goes before the words of a speaker."""
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
    """Lines into cues."""
    lines = _lines(words, layout, speaker(segment.speaker))
    per_cue = layout.max_line_count or (1 if layout.max_words_per_line else len(lines))
    for first in range(0, len(lines), per_cue):
        part = lines[first : first + per_cue]
        texts = [_plain(text) for text, _ in part]
        start, end = part[0][1][0].start, part[-1][1][-1].end
        yield Cue(start, end, "\n".join(texts), segment.id)


def _lines(words: Sequence[Word], layout: Layout, prefix: str) -> list[tuple[str, list[Word]]]:
    """Words into lines, with their text. A word longer than a line has a line of its own."""
    lines: list[tuple[str, list[Word]]] = []
    for word in words:
        if lines:
            text, line = lines[-1]
            longer = text + word.word
            wide = layout.max_line_width is not None and len(longer.strip()) > layout.max_line_width
            many = layout.max_words_per_line is not None and len(line) >= layout.max_words_per_line
            if not (wide or many):
                lines[-1] = longer, [*line, word]
                continue
        lines.append(((prefix if not lines else "") + word.word.lstrip(), [word]))
    return lines


def _plain(text: str) -> str:
    """What neither ends a cue (an empty line) nor begins one (an arrow)."""
    return re.sub(r"\s*[\r\n]\s*", " ", text.strip()).replace("-->", "->")


def _slowed(cue: Cue, max_cps: float, until: float) -> Cue:
    wanted = math.ceil((cue.start + len(cue.text) / max_cps) * 1000) / 1000
    return replace(cue, end=max(cue.end, min(wanted, until)))


def violations(cues: Sequence[Cue], layout: Layout) -> list[Violation]:
    """What in the subtitles the layout could not mend, in their order."""
    found: list[Violation] = []
    before = -math.inf
    for number, cue in enumerate(cues, 1):
        lines = cue.text.split("\n")
        late = round(before - cue.start, 3) if number > 1 else 0.0
        measured: tuple[tuple[str, float, float | None, float], ...] = (
            ("max_line_width", max(map(len, lines)), layout.max_line_width, 0),
            ("max_line_count", len(lines), layout.max_line_count, 0),
            ("max_cps", round(cue.cps, 1), layout.max_cps, 0.05),
            ("overlap", late, 0.0, 0.0005),
        )
        found += [
            Violation(number, cue.segment, cue.start, cue.end, cue.text, rule, value, limit)
            for rule, value, limit, rounding in measured
            if limit is not None and value > limit + rounding
        ]
        before = cue.end
    return found

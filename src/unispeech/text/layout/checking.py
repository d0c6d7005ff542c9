"""The rules of a layout that cues violate."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from unispeech.text.layout import showing
from unispeech.text.layout.cells import width
from unispeech.text.layout.cue import Cue
from unispeech.text.layout.limits import Layout

MINIMA = ("min_duration", "min_gap", "close_gap")
"""Rules whose limit is the smallest value allowed."""
RULES = ("max_line_width", "max_line_count", "max_words_per_line", "max_cps", "min_duration",
         "max_duration", "min_gap", "close_gap", "fps", "overlap")  # fmt: skip
"""Every rule, by the name of its option; `overlap` has none."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a cue violates: its `value` is beyond the `limit`."""

    cue: int
    """Number of the cue, from 1."""
    segment: int
    start: float
    end: float
    text: str
    rule: str
    """A name of `RULES`."""
    value: float
    """The width, count or speed, or seconds; for `fps` the distance from a frame in seconds."""
    limit: float


def violations(cues: Sequence[Cue], layout: Layout, language: str = "") -> list[Violation]:
    """The rules that cues violate even after cutting, in the order of the cues.

    `language` decides the values of a preset.
    """
    layout = layout.of(language)
    broken: list[Violation] = []
    for number, cue in enumerate(cues, 1):
        previous = cues[number - 2] if number > 1 else None
        broken += [
            Violation(number, cue.segment, cue.start, cue.end, cue.text, rule, value, limit)
            for rule, value, limit in _broken(cue, previous, layout)
        ]
    return broken


def _broken(cue: Cue, previous: Cue | None, layout: Layout) -> Iterator[tuple[str, float, float]]:
    lines = cue.text.split("\n")
    duration = round(cue.end - cue.start, 3)
    gap = math.inf if previous is None else round(cue.start - previous.end, 3)
    shortest = round(showing.gap(layout), 3)
    measured: tuple[tuple[str, float, float | None, float], ...] = (
        ("max_line_width", max(map(width, lines)), layout.max_line_width, 0),
        ("max_line_count", len(lines), layout.max_line_count, 0),
        ("max_words_per_line", max(len(line.split()) for line in lines),
         layout.max_words_per_line, 0),
        ("max_cps", round(cue.cps, 1), layout.max_cps, 0.05),
        ("min_duration", duration, layout.min_duration, 0.0015),
        ("max_duration", duration, layout.max_duration, 0.0015),
        ("min_gap", gap, None if gap < 0 or layout.min_gap is None else shortest, 0.0015),
        ("fps", _off_frame(cue, layout.fps), 0.0 if layout.fps else None, 0.001),
        ("overlap", -gap, 0.0, 0.0005),
    )  # fmt: skip
    for rule, value, limit, rounding in measured:
        if limit is not None:
            excess = limit - value if rule in MINIMA else value - limit
            if excess > rounding:
                yield rule, value, limit
    if layout.close_gap is not None and _is_open(gap, layout):
        yield "close_gap", gap, layout.close_gap


def _is_open(gap: float, layout: Layout) -> bool:
    """True for a gap that should have been closed: longer than the shortest, and yet short."""
    assert layout.close_gap is not None
    shortest = showing.gap(layout)
    frame = 1 / layout.fps if layout.fps else 0.0
    return shortest + frame + 0.0015 < gap < layout.close_gap - 0.0015


def _off_frame(cue: Cue, fps: float | None) -> float:
    """The larger distance of a cue's two times from a frame, in seconds."""
    if fps is None:
        return 0.0
    return max(abs(time - round(time * fps) / fps) for time in (cue.start, cue.end))

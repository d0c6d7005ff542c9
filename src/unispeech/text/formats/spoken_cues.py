"""Cues with their speakers, languages and words, for formats that have a place for these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from unispeech.text import timing
from unispeech.text.formats.plain import language
from unispeech.text.layout.cells import MARK
from unispeech.text.subtitles import Cue, Layout, cues
from unispeech.types import Segment, Transcript, Word


@dataclass(frozen=True, slots=True)
class SpokenCue:
    """A cue whose lines do not name the speaker."""

    start: float
    end: float
    lines: tuple[str, ...]
    words: tuple[tuple[Word, ...], ...]
    """The words of each line; their texts join to the line."""
    has_times: bool
    """False if the times of the words are estimates."""
    speaker: str | None
    language: str


def spoken_cues(transcript: Transcript, layout: Layout) -> Iterator[SpokenCue]:
    """The cues of a transcript. Words without times get estimated ones."""
    segments = {segment.id: segment for segment in transcript.segments}
    for cue in cues(transcript, replace(layout, speaker_labels="none")):
        segment = segments[cue.segment]
        lines = tuple(cue.text.split("\n"))
        words = _by_line(lines, cue.words)
        yield SpokenCue(
            cue.start,
            cue.end,
            lines,
            words or _estimated(cue, lines),
            words is not None and bool(segment.words),
            cue.speaker,
            language(segment, transcript),
        )


def words_of(segment: Segment) -> tuple[Word, ...]:
    """The words of a segment; if it has none, its text with estimated times."""
    return segment.words or timing.interpolated(segment.text, segment.start, segment.end)


def _by_line(lines: Sequence[str], words: Sequence[Word]) -> tuple[tuple[Word, ...], ...] | None:
    """The words that make up each line; None if the lines are not made of these words."""
    remaining = list(words)
    found: list[tuple[Word, ...]] = []
    for line in lines:
        target = _letters(line)
        taken: list[Word] = []
        while remaining and len(_letters("".join(w.word for w in taken))) < len(target):
            taken.append(remaining.pop(0))
        if not taken or _letters("".join(w.word for w in taken)) != target:
            return None
        found.append(tuple(taken))
    return tuple(found)


def _letters(text: str) -> str:
    """The text as far as a cue keeps it."""
    return "".join(text.split()).replace("-->", "->").replace(MARK, "")


def _estimated(cue: Cue, lines: Sequence[str]) -> tuple[tuple[Word, ...], ...]:
    words = timing.interpolated(" ".join(lines), cue.start, cue.end)
    return _by_line(lines, words) or tuple(
        timing.interpolated(line, cue.start, cue.end) for line in lines
    )

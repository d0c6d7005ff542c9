"""Cues with their speakers, languages and words, for formats that have a place for these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from unispeech.text import timing
from unispeech.text.formats.plain import language
from unispeech.text.layout.cells import EMBEDDED, END, MARK
from unispeech.text.layout.cutting import DASH
from unispeech.text.subtitles import Cue, Layout, cues
from unispeech.types import Segment, Transcript, Word


@dataclass(frozen=True, slots=True)
class SpokenCue:
    """A cue whose lines do not name the speaker. Those of two speakers begin with a dash."""

    start: float
    end: float
    lines: tuple[str, ...]
    words: tuple[tuple[Word, ...], ...]
    """The words of each line; their texts join to the line, without its dash."""
    has_times: bool
    """False if the times of the words are estimates."""
    speaker: str | None
    language: str
    sharing: tuple[str | None, ...] = ()
    """The speaker of each line, if several share the cue."""

    @property
    def speakers(self) -> tuple[str | None, ...]:
        """The speaker of each line."""
        return self.sharing or (self.speaker,) * len(self.lines)

    @property
    def dash(self) -> str:
        """Text before the words of each line."""
        return DASH if self.sharing else ""


def spoken_cues(transcript: Transcript, layout: Layout) -> Iterator[SpokenCue]:
    """The cues of a transcript. Words without times get estimated ones."""
    segments = {segment.id: segment for segment in transcript.segments}
    is_dashed = layout.of(transcript.language).speaker_labels == "dash"
    for cue in cues(transcript, replace(layout, speaker_labels="dash" if is_dashed else "none")):
        segment = segments[cue.segment]
        lines = tuple(cue.text.split("\n"))
        sharing = _sharing(cue) if is_dashed else ()
        words = _by_line(lines, cue.words, DASH if sharing else "")
        yield SpokenCue(
            cue.start,
            cue.end,
            lines,
            words or _estimated(cue, lines),
            words is not None and bool(segment.words),
            cue.speaker,
            language(segment, transcript),
            sharing,
        )


def _sharing(cue: Cue) -> tuple[str | None, ...]:
    """The speakers who share a cue, a line each; nothing for a cue of one."""
    turns = tuple(name for name, _ in groupby(word.speaker for word in cue.words))
    return turns if cue.speaker is None and len(turns) > 1 else ()


def words_of(segment: Segment) -> tuple[Word, ...]:
    """The words of a segment; if it has none, its text with estimated times."""
    return segment.words or timing.interpolated(segment.text, segment.start, segment.end)


def _by_line(
    lines: Sequence[str], words: Sequence[Word], dash: str = ""
) -> tuple[tuple[Word, ...], ...] | None:
    """The words that make up each line; None if the lines are not made of these words."""
    remaining = list(words)
    found: list[tuple[Word, ...]] = []
    for line in lines:
        target = _letters(line).removeprefix(dash.strip())
        taken: list[Word] = []
        while remaining and len(_letters("".join(w.word for w in taken))) < len(target):
            taken.append(remaining.pop(0))
        if not taken or _letters("".join(w.word for w in taken)) != target:
            return None
        found.append(tuple(taken))
    return tuple(found)


def _letters(text: str) -> str:
    """The text as far as a cue keeps it."""
    unmarked = text.translate(dict.fromkeys(map(ord, (MARK, EMBEDDED, END))))
    return "".join(unmarked.split()).replace("-->", "->")


def _estimated(cue: Cue, lines: Sequence[str]) -> tuple[tuple[Word, ...], ...]:
    words = timing.interpolated(" ".join(lines), cue.start, cue.end)
    return _by_line(lines, words) or tuple(
        timing.interpolated(line, cue.start, cue.end) for line in lines
    )

"""Subtitles of a transcript: runs of speech, cut into cues, with times and labels."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from unispeech.text import timing
from unispeech.text.layout import cells, showing
from unispeech.text.layout.cue import NOBODY, Cue, speaker
from unispeech.text.layout.cutting import DASH, Run
from unispeech.text.layout.limits import Layout
from unispeech.text.layout.pieces import Piece, pieces
from unispeech.types import Segment, Transcript

LONG_WORD = 2.0
"""Seconds. A longer first word contains the pause before it."""
JOINED_PAUSE = 1.0
"""Seconds between two speakers who may share a cue, unless the layout has its own pause."""
MEASURED = ("soundswallower", "ctc", "estimated")
"""Sources of word times that do not stretch a word over a pause."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Pieces that may share cues, and the text before them."""

    pieces: tuple[Piece, ...]
    label: str


def cues(transcript: Transcript, layout: Layout) -> list[Cue]:
    """The subtitles of a transcript: a cue per segment, or cut to the layout.

    A cue has one speaker, unless the layout shows speakers by dashes. The cues of a layout with
    times (of any preset) are in order and do not overlap.
    """
    layout = layout.of(transcript.language)
    if layout.cuts or layout.is_timed or layout.joins:
        cues = list(_cut(transcript, layout))
    else:
        cues = list(_wholes(transcript, layout))
    if layout.is_timed:
        cues = _timed(cues, layout, transcript.duration)
    elif layout.max_cps is not None and cues:
        limits = [cue.start for cue in cues[1:]] + [transcript.duration]
        cues = [_extended(cue, layout, limit) for cue, limit in zip(cues, limits, strict=True)]
    if layout.rtl_marks == "add":
        cues = [replace(cue, text=_marked(cue.text)) for cue in cues]
    return cues


def _marked(text: str) -> str:
    return "\n".join(map(cells.marked, text.split("\n")))


def _wholes(transcript: Transcript, layout: Layout) -> Iterator[Cue]:
    """A cue for each segment, or for each speaker of a segment."""
    labels = Labels(layout)
    for segment in transcript.segments:
        spoken = [(word.speaker or segment.speaker, word) for word in segment.words]
        turns = [
            (name, tuple(word for _, word in turn))
            for name, turn in groupby(spoken, lambda pair: pair[0])
        ]
        if len(turns) < 2:
            text = _plain(labels.of(segment.speaker) + segment.text.strip())
            name, words = segment.speaker, segment.words
            yield Cue(segment.start, segment.end, text, segment.id, name, words)
            continue
        for name, words in turns:
            text = _plain(labels.of(name) + "".join(word.word for word in words).strip())
            yield Cue(words[0].start, words[-1].end, text, segment.id, name, words)


class Labels:
    """The names before the lines, in the order of the transcript."""

    def __init__(self, layout: Layout) -> None:
        self._is_shown = layout.speaker_labels not in ("dash", "none")
        self._any_before = False

    def of(self, name: str | None) -> str:
        """The label of the next text; text without a speaker is marked if a speaker is before."""
        self._any_before |= name is not None
        if not self._is_shown:
            return ""
        return speaker(name) or (NOBODY if self._any_before else "")


def _plain(text: str) -> str:
    """Remove what would end a cue (an empty line) or begin one (an arrow)."""
    return re.sub(r"\s*[\r\n]\s*", " ", text.strip()).replace("-->", "->")


def _cut(transcript: Transcript, layout: Layout) -> Iterator[Cue]:
    stretches = list(_stretches(transcript, layout))
    starts = [stretch.pieces[0].start for stretch in stretches]
    for number, stretch in enumerate(stretches):
        later = (start for start in starts[number + 1 :] if start > starts[number])
        following = next(later, None)
        if following is not None:
            following = showing.shown_start(following, layout)
        run = Run(stretch.pieces, layout, stretch.label, following, transcript.duration or math.inf)
        for first, last, firsts in run.best():
            label = stretch.label if first == 0 else ""
            yield _cue(stretch.pieces, first, last, firsts, label)


def _cue(pieces: Sequence[Piece], first: int, last: int, firsts: Sequence[int], label: str) -> Cue:
    ends = [*firsts[1:], last]
    lines = [
        "".join(piece.text for piece in pieces[begin:end]).strip()
        for begin, end in zip(firsts, ends, strict=True)
    ]
    speakers = {piece.speaker for piece in pieces[first:last]}
    if len(speakers) > 1:
        lines = [DASH + line for line in lines]
    words = tuple(
        replace(word, speaker=piece.speaker) for piece in pieces[first:last] for word in piece.words
    )
    name = speakers.pop() if len(speakers) == 1 else None
    start, end = pieces[first].start, pieces[last - 1].end
    return Cue(start, end, label + "\n".join(lines), pieces[first].segment, name, words)


def _stretches(transcript: Transcript, layout: Layout) -> Iterator[Stretch]:
    """The runs of the transcript, each with its label. Joined runs are labelled at a change."""
    labels = Labels(layout)
    previous: Piece | None = None
    for run in _runs(transcript, layout):
        first = run[0]
        is_labelled = (
            previous is None or not layout.joins or previous.speaker != first.speaker
        ) and not (previous is not None and _is_continued(previous, first, layout))
        label = labels.of(first.speaker) if is_labelled else ""
        yield Stretch(tuple(run), label)
        previous = run[-1]


def _is_continued(last: Piece, part: Piece, layout: Layout) -> bool:
    """True if a pause alone parts the pieces of a segment."""
    return not layout.joins and last.segment == part.segment and last.speaker == part.speaker


def _runs(transcript: Transcript, layout: Layout) -> Iterator[list[Piece]]:
    run: list[Piece] = []
    language = ""
    for segment in transcript.segments:
        parts = _in_order(pieces(_unstretched(segment, layout), transcript.language, layout))
        spoken = segment.language or transcript.language
        may_join = layout.joins and spoken == language
        language = spoken
        for number, part in enumerate(parts):
            begins_segment = number == 0
            if run and ((begins_segment and not may_join) or _parts_runs(run[-1], part, layout)):
                yield run
                run = []
            run.append(_spaced(run[-1], part) if run and begins_segment else part)
    if run:
        yield run


def _parts_runs(last: Piece, part: Piece, layout: Layout) -> bool:
    """True if no cue may hold both pieces."""
    if last.speaker != part.speaker and layout.speaker_labels != "dash":
        return True
    longest = layout.max_pause
    if longest is None:
        longest = JOINED_PAUSE if layout.joins else math.inf
    is_back = part.start < last.start  # another track or channel
    return is_back or part.start - last.end > longest + 0.0005


def _spaced(last: Piece, part: Piece) -> Piece:
    """The first piece of a segment that follows another one in a cue."""
    is_spaceless = timing.SIGNS.search(last.text[-1]) or timing.SIGNS.search(part.text[0])
    if part.text[0].isspace() or is_spaceless:
        return part
    return replace(part, text=" " + part.text)


def _in_order(parts: Sequence[Piece]) -> list[Piece]:
    """Pieces of a segment whose times do not go back."""
    ordered: list[Piece] = []
    start = -math.inf
    for part in parts:
        start = max(start, part.start)
        ordered.append(replace(part, start=start, end=max(start, part.end)))
    return [
        replace(a, end=max(a.start, min(a.end, b.start))) for a, b in pairwise(ordered)
    ] + ordered[-1:]


def _unstretched(segment: Segment, layout: Layout) -> Segment:
    """A segment whose first word does not begin before its speech, after a long pause."""
    words = segment.words
    if not (words and layout.is_timed) or words[0].timed_by in MEASURED:
        return segment
    first = words[0]
    likely = max(1.0, 0.15 * len(first.word))
    if first.end - first.start <= max(LONG_WORD, likely):
        return segment
    shorter = replace(first, start=round(first.end - likely, 3))
    return replace(segment, words=(shorter, *words[1:]))


def _timed(cues: Sequence[Cue], layout: Layout, duration: float) -> list[Cue]:
    """The cues in the order of their starts, with the times of the layout."""
    ordered = sorted(cues, key=lambda cue: cue.start)
    starts: list[float] = []
    for cue in ordered:
        earliest = starts[-1] + showing.shortest(layout) if starts else 0.0
        starts.append(showing.shown_start(max(cue.start, earliest), layout))
    timed = []
    for number, cue in enumerate(ordered):
        start = starts[number]
        following = starts[number + 1] if number + 1 < len(starts) else None
        speech_end = max(cue.end, start)
        if len(cue.words) == 1 and layout.max_duration is not None:
            speech_end = min(speech_end, start + layout.max_duration)
        length = cells.length(cue.text)
        end = showing.shown_end(start, speech_end, length, following, layout, duration or math.inf)
        timed.append(replace(cue, start=round(start, 3), end=round(max(end, start), 3)))
    return timed


def _extended(cue: Cue, layout: Layout, limit: float) -> Cue:
    """Extend a cue to its reading time, but not beyond `limit` seconds."""
    assert layout.max_cps is not None
    end = math.ceil((cue.start + cells.length(cue.text) / layout.max_cps) * 1000) / 1000
    return replace(cue, end=max(cue.end, min(end, limit)))

"""Seams: words at a cut without a pause, where either chunk may have lost them.

The sound around the cut is decoded once more with both sides in one window. Where its text agrees
with the end of one chunk and the beginning of the next, the words between are taken from it. A
word of a chunk is never dropped, except a copy of a word that both chunks have (decision 0069).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import numpy as np

from unispeech import languages
from unispeech.types import Chunk, ChunkResult, Gap, Segment, Span, Word

PAUSE = 0.16
"""Seconds of silence at a cut from which no word was cut (the detector's `vad_min_silence`)."""
SIDE = 5.0
"""Seconds of either chunk that are decoded again."""
FIRST_INDEX = 500_000
"""Index of the first seam in the journal; the chunks of a source count from 0."""
TOUCHING = 0.001
"""Maximum seconds between adjacent chunks."""
REACH = 5
"""Maximum words between the cut and the words on which both texts agree."""
ANCHOR = 2
"""Minimum words in a row on which the texts agree, on either side of a cut."""
MOST = 8
"""Maximum words added at a cut: more are invented."""
WORDS = 40
"""Maximum words of a chunk that are compared."""
MARGIN = 1.0
"""Seconds on either side of a cut that are reported as a gap."""
REASON = "the recording is cut between words, and a word may be missing"

Decoded = tuple[Chunk, ChunkResult]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word with the space before it; a character in languages without spaces."""

    text: str
    word: Word | None = None

    @property
    def key(self) -> str:
        return re.sub(r"\W", "", self.text).lower()


def lacks_pause(left: Chunk, right: Chunk) -> bool:
    """True if adjacent chunks are cut where no pause is known, so that the cut may cost a word."""
    return (
        left.source == right.source
        and left.language == right.language
        and abs(left.end - right.start) < TOUCHING
        and bool(left.speech and right.speech)
        and right.speech[0].start - left.speech[-1].end < PAUSE
    )


def ends_in_speech(chunk: Chunk) -> bool:
    """True if no pause is known at the end of a chunk."""
    return bool(chunk.speech) and chunk.end - chunk.speech[-1].end < PAUSE


def around(left: Chunk, right: Chunk) -> Chunk:
    """The seam: the sound on both sides of a cut as a chunk; the caller sets its window."""
    before = left.part(max(0.0, left.duration - SIDE), left.duration, left.language)
    after = right.part(0.0, min(SIDE, right.duration), left.language)
    return replace(
        before,
        samples=np.concatenate([before.samples, after.samples]),
        end=after.end,
        speech=(*before.speech, *after.speech),
        index=FIRST_INDEX + left.index,
    )


def is_seam(chunk: Chunk) -> bool:
    return chunk.index >= FIRST_INDEX


def language(left: ChunkResult, right: ChunkResult) -> str | None:
    """The language of the texts on both sides of a cut; None if a side has no text, or another."""
    if left.error or right.error:
        return None
    first, second = _texts(left), _texts(right)
    is_same = first and second and first[-1].language == second[0].language
    return first[-1].language if is_same else None


def mended(left: Decoded, right: Decoded, seam: Decoded) -> tuple[Decoded, Decoded] | None:
    """Both chunks with the words at the cut, or None if the texts do not agree around it."""
    segments = _texts(seam[1])
    if not segments:
        return None
    code = segments[0].language
    cut = left[0].end
    shift = seam[0].start
    decoded = [p for s in segments for p in _pieces(s, code, shift)]
    tail = _pieces(_texts(left[1])[-1], code, left[0].start)
    head = _pieces(_texts(right[1])[0], code, right[0].start)
    place = _agreement(tail[-WORDS:], head[:WORDS], decoded)
    if place is None:
        return None
    dropped, added = tail[len(tail) - place.tail :] + head[: place.head], place.between
    if not added and not dropped:
        return left, right
    near = [*tail[: len(tail) - place.tail][-REACH:], *added, *head[place.head :][:REACH]]
    if not _keeps_words(dropped, added, near):
        return left, right
    early = [p for p in added if p.word is None or p.word.start < cut]
    late = added[len(early) :]
    first = [*tail[: len(tail) - place.tail - 1], place.before, *early]
    second = [*late, place.after, *head[place.head + 1 :]]
    return (
        (left[0], _with(left[1], -1, first, left[0].start)),
        (right[0], _with(right[1], 0, second, right[0].start)),
    )


def gap(left: Chunk, right: Chunk) -> Gap:
    """The gap at a cut that could not be mended."""
    span = Span(max(left.start, left.end - MARGIN), min(right.end, right.start + MARGIN))
    return Gap(round(span.start, 3), round(span.end, 3), REASON)


@dataclass(frozen=True, slots=True)
class _Agreement:
    """The place where the text of a seam agrees with both chunks."""

    tail: int
    """Words at the end of the left chunk after the last on which both agree."""
    head: int
    """Words at the beginning of the right chunk before the first on which both agree."""
    before: _Piece
    between: list[_Piece]
    after: _Piece


def _agreement(
    tail: Sequence[_Piece], head: Sequence[_Piece], decoded: Sequence[_Piece]
) -> _Agreement | None:
    both = [*tail, *head]
    cut = len(tail)
    keys = [p.key for p in both], [p.key for p in decoded]
    blocks = SequenceMatcher(None, *keys, autojunk=False).get_matching_blocks()
    least = min(ANCHOR, len(tail), len(head))
    pairs = [(b.a + n, b.b + n) for b in blocks if b.size >= least for n in range(b.size)]
    before = [pair for pair in pairs if pair[0] < cut]
    after = [pair for pair in pairs if pair[0] >= cut]
    if not before or not after:
        return None
    (i, p), (j, q) = before[-1], after[0]
    if cut - 1 - i > REACH or j - cut > REACH or q - p - 1 > MOST:
        return None
    return _Agreement(
        tail=cut - 1 - i,
        head=j - cut,
        before=_spaced(decoded[p], both[i]),
        between=list(decoded[p + 1 : q]),
        after=_spaced(decoded[q], both[j]),
    )


def _spaced(piece: _Piece, other: _Piece) -> _Piece:
    """The spelling of a piece with the space before another, and the time of that."""
    space = other.text[: len(other.text) - len(other.text.lstrip())]
    text = space + piece.text.lstrip()
    return _Piece(text, other.word and replace(other.word, word=text))


def _keeps_words(
    dropped: Sequence[_Piece], added: Sequence[_Piece], near: Sequence[_Piece]
) -> bool:
    """True if no word is lost: as many come as go, or have as many letters, or all stay nearby."""
    gone, come = ([p.key for p in pieces if p.key] for pieces in (dropped, added))
    known = {p.key for p in near}
    return (
        len(come) >= len(gone)
        or all(key in known for key in gone)
        or len("".join(come)) >= len("".join(gone))
    )


def _texts(result: ChunkResult) -> list[Segment]:
    return [segment for segment in result.segments if segment.text.strip()]


def _pieces(segment: Segment, language: str | None, start: float) -> list[_Piece]:
    """The words of a segment, with times from the start of the file if it has them."""
    if segment.words:
        return [
            _Piece(w.word, replace(w, start=w.start + start, end=w.end + start))
            for w in segment.words
        ]
    pattern = r"\s*\S" if languages.is_spaceless(language) else r"\s*\S+"
    return [_Piece(text) for text in re.findall(pattern, segment.text)]


def _with(result: ChunkResult, at: int, pieces: Sequence[_Piece], start: float) -> ChunkResult:
    """A result whose first or last segment with text has other words."""
    segments = list(result.segments)
    number = segments.index(_texts(result)[at])
    words = tuple(
        replace(p.word, start=p.word.start - start, end=p.word.end - start)
        for p in pieces
        if p.word is not None
    )
    segment = segments[number]
    segments[number] = replace(
        segment,
        text="".join(p.text for p in pieces),
        words=words,
        start=min([segment.start, *(word.start for word in words)]),
        end=max([segment.end, *(word.end for word in words)]),
    )
    return replace(result, segments=tuple(segments))

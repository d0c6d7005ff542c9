"""The languages of a chunk: stretches of one language each, from the scores of its parts.

A pure function of the chunk and its scores (decisions 0071 and 0091).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from unispeech.stages import chunking, sentences
from unispeech.types import (
    FRAME_SECONDS,
    SAMPLE_RATE,
    Chunk,
    ChunkResult,
    LanguageScore,
    shifted,
)

CERTAIN = 0.7
"""Probability of the chunk's language below which a part may be in another language."""
LENGTHS = (1.5, 2.0, 3.0)
"""Seconds of a part in the second look. The longest is taken unless the utterance is shorter."""
SHORT, AROUND = 1.0, 2.5
"""Seconds of a part in the third look, and around a change without a pause."""
LIKELY = 0.5
"""Probability of another language in a part from which the whole chunk is looked at in parts."""
HOP = 1.0
"""Seconds between the starts of parts."""
FLOOR = 0.02
"""Lower bound of probabilities, so that a single part cannot decide."""
SWITCH = 4.5
"""Cost of a change of language, in nats: more than a part of 1 s can gain."""
PAUSE, SWITCH_AT_PAUSE = 0.5, 1.5
"""Seconds of a pause that ends an utterance, and the cost of a change there."""
MIN_SPEECH = 0.6
"""Seconds of speech in a part from which its score counts, and in a stretch of its own."""
NO_TEXT = "one of the languages has no text"
REACH = 1.5
"""Longest time around an estimated change, in seconds, in which a pause is looked for."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a chunk in one language, in seconds from the start of the chunk."""

    start: float
    end: float
    language: str


def likeliest(chunk: Chunk, scores: Sequence[LanguageScore]) -> tuple[str, float]:
    """Return the language of most of a chunk, and its mean probability."""
    counted = _with_speech(chunk, scores)
    best = max(_languages(counted), key=lambda language: _fit(counted, language))
    return best, sum(_probability(score, best) for score in counted) / len(counted)


def is_unsure(chunk: Chunk, scores: Sequence[LanguageScore]) -> bool:
    """Return True if the language of most of a chunk is uncertain."""
    return likeliest(chunk, scores)[1] < CERTAIN


def may_change(chunk: Chunk, scores: Sequence[LanguageScore]) -> bool:
    """Return True if a part is likely in another language than most of the chunk."""
    best, _ = likeliest(chunk, scores)
    likely = [score.probabilities[0] for score in _with_speech(chunk, scores)]
    return any(code != best and probability >= LIKELY for code, probability in likely)


def parts_in_doubt(chunk: Chunk, tiles: Sequence[LanguageScore]) -> list[tuple[float, float]]:
    """Return the parts to look at where a tile may be in another language than most of a chunk."""
    best, _ = likeliest(chunk, tiles)
    doubts = [t for t in _with_speech(chunk, tiles) if _probability(t, best) < CERTAIN]
    return [
        (start, length)
        for start, length in (parts(chunk) if doubts else ())
        if any(t.start <= start + length / 2 <= t.end for t in doubts)
    ]


def parts(chunk: Chunk) -> list[tuple[float, float]]:
    """Return the start and length of the parts to look at in a chunk of several languages.

    They overlap, but none reaches from one utterance into another.
    """
    found: list[tuple[float, float]] = []
    for start, end in _utterances(chunk):
        length = next((length for length in LENGTHS if length >= end - start), LENGTHS[-1])
        count = round(max(0.0, end - start - length) / HOP + 0.49) + 1
        first = start if count > 1 else (start + end - length) / 2
        hop = (end - start - length) / max(count - 1, 1)
        found += [(max(0.0, first + i * hop), length) for i in range(count)]
    return found


def stretches(chunk: Chunk, scores: Sequence[LanguageScore]) -> list[Stretch]:
    """Return the stretches of a chunk, which join to the chunk; neighbours differ in language."""
    counted = _with_speech(chunk, scores)
    result = _cut(chunk, counted, _path(chunk, counted))
    if all(_speech(chunk, s.start, s.end) >= MIN_SPEECH for s in result):
        return result
    best, _ = likeliest(chunk, scores)
    return [Stretch(0.0, chunk.duration, best)]


def parts_at_changes(chunk: Chunk, scores: Sequence[LanguageScore]) -> list[tuple[float, float]]:
    """Return short parts around each change of language that is not at a pause."""
    counted = _with_speech(chunk, scores)
    path = _path(chunk, counted)
    found: list[tuple[float, float]] = []
    for before, after, old, new in zip(counted, counted[1:], path, path[1:], strict=False):
        if old != new and _cost(chunk, before, after) == SWITCH:
            first = (_middle(before) + _middle(after) - SHORT) / 2 - AROUND
            starts = [first + i * SHORT / 4 for i in range(round(8 * AROUND / SHORT) + 1)]
            found += [(s, SHORT) for s in starts if 0.0 <= s <= chunk.duration - SHORT]
    return found


def refined(
    chunk: Chunk, scores: Sequence[LanguageScore], short: Sequence[LanguageScore]
) -> tuple[LanguageScore, ...]:
    """Return the scores with those of short parts in their place, for the languages found."""
    languages = {stretch.language for stretch in stretches(chunk, scores)}
    nearby = [_middle(part) for part in short]
    kept = [s for s in scores if all(abs(_middle(s) - at) > SHORT / 4 for at in nearby)]
    found = [
        replace(part, probabilities=tuple((code, _probability(part, code)) for code in languages))
        for part in short
    ]
    return tuple(sorted([*kept, *found], key=_middle))


def agreed(
    piece: Chunk, stretch: Stretch, around: Sequence[LanguageScore], alone: Sequence[LanguageScore]
) -> str:
    """The language of a piece: the likeliest from its scores inside its chunk and alone."""
    inside = [s for s in around if stretch.start <= _middle(s) < stretch.end]
    votes = [s for s in (inside, _with_speech(piece, alone)) if s]
    return max(
        {language for scores in votes for language in _languages(scores)},
        key=lambda language: (sum(_fit(s, language) for s in votes), language),
    )


def _cut(chunk: Chunk, scores: Sequence[LanguageScore], languages: Sequence[str]) -> list[Stretch]:
    """Cut a chunk at the pauses between parts in different languages."""
    result = [Stretch(0.0, chunk.duration, languages[0])]
    for before, after, language in zip(scores, scores[1:], languages[1:], strict=False):
        if language != result[-1].language:
            reach = min(before.end - before.start, after.end - after.start, 2 * REACH) / 2
            at = _pause(chunk, (_middle(before) + _middle(after)) / 2, reach)
            result[-1] = replace(result[-1], end=at)
            result.append(Stretch(at, chunk.duration, language))
    return result


def joined(chunk: Chunk, pieces: Sequence[Chunk], results: Sequence[ChunkResult]) -> ChunkResult:
    """The result of a chunk from those of its pieces: sentences with times and languages."""
    segments = [
        replace(shifted(sentence, piece.start - chunk.start), language=piece.language)
        for piece, result in zip(pieces, results, strict=True)
        for segment in result.segments
        if segment.text.strip()
        for sentence in sentences.cut(piece, segment)
    ]
    doubts = [result.suspicion or ("" if result.text.strip() else NO_TEXT) for result in results]
    return ChunkResult(tuple(segments), next(filter(None, doubts), ""))


def _path(chunk: Chunk, scores: Sequence[LanguageScore]) -> list[str]:
    """The likeliest languages of the parts if each change has its cost (Viterbi)."""
    languages = sorted(_languages(scores))
    totals: Mapping[str, float] = dict.fromkeys(languages, 0.0)
    origins: list[dict[str, str]] = []
    for before, score in zip([None, *scores], scores, strict=False):
        cost = _cost(chunk, before, score) if before else 0.0
        best = max(languages, key=lambda language: totals[language])
        origin = {
            language: best if totals[best] - cost > totals[language] else language
            for language in languages
        }
        totals = {
            language: totals[origin[language]]
            - (cost if origin[language] != language else 0.0)
            + math.log(max(_probability(score, language), FLOOR))
            for language in languages
        }
        origins.append(origin)
    path = [max(languages, key=lambda language: totals[language])]
    for origin in reversed(origins[1:]):
        path.append(origin[path[-1]])
    return path[::-1]


def _cost(chunk: Chunk, before: LanguageScore, after: LanguageScore) -> float:
    """The cost of a change between two parts: less if they are of different utterances."""
    ends = [end for _, end in _utterances(chunk)[:-1]]
    is_paused = any(_middle(before) < end < _middle(after) for end in ends)
    return SWITCH_AT_PAUSE if is_paused else SWITCH


def _utterances(chunk: Chunk) -> list[tuple[float, float]]:
    """Speech without a pause of `PAUSE` or more, in seconds from the start of the chunk."""
    found: list[tuple[float, float]] = []
    for span in chunk.speech:
        start, end = span.start - chunk.start, span.end - chunk.start
        if found and start - found[-1][1] < PAUSE:
            start = found.pop()[0]
        found.append((start, end))
    return found or [(0.0, chunk.duration)]


def _pause(chunk: Chunk, at: float, reach: float) -> float:
    """The middle of the longest pause near a time, or the quietest moment."""
    spans = [(s.start - chunk.start, s.end - chunk.start) for s in chunk.speech]
    gaps = [(a[1], b[0]) for a, b in zip(spans, spans[1:], strict=False)]
    near = [gap for gap in gaps if abs((gap[0] + gap[1]) / 2 - at) <= reach]
    if near:
        start, end = max(near, key=lambda gap: gap[1] - gap[0])
        return (start + end) / 2
    low = max(0.0, at - reach / 2)
    samples = chunk.samples[round(low * SAMPLE_RATE) : round((at + reach / 2) * SAMPLE_RATE)]
    return low + chunking.quietest(samples) * FRAME_SECONDS


def _with_speech(chunk: Chunk, scores: Sequence[LanguageScore]) -> list[LanguageScore]:
    """The scores of parts with speech; the one with the most speech if all have little."""
    counted = [s for s in scores if _speech(chunk, s.start, s.end) >= MIN_SPEECH]
    return counted or [max(scores, key=lambda s: _speech(chunk, s.start, s.end))]


def _middle(score: LanguageScore) -> float:
    return (score.start + score.end) / 2


def _speech(chunk: Chunk, start: float, end: float) -> float:
    return chunk.part(start, end, None).speech_duration


def _languages(scores: Sequence[LanguageScore]) -> list[str]:
    return list(dict.fromkeys(language for s in scores for language, _ in s.probabilities))


def _fit(scores: Sequence[LanguageScore], language: str) -> float:
    """The mean log probability of a language."""
    return fmean(math.log(max(_probability(score, language), FLOOR)) for score in scores)


def _probability(score: LanguageScore, language: str) -> float:
    return dict(score.probabilities).get(language, 0.0)

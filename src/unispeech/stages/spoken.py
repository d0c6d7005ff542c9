"""The languages of a chunk: stretches of one language each, from the scores of its parts.

A pure function of the chunk and its scores (decision 0091).
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
LIKELY, NEARLY_CERTAIN = 0.5, 0.9
"""Probabilities that a language needs in its parts: on average, and in two of them."""
FLOOR = 0.02
"""Lower bound of probabilities, so that a single part cannot decide."""
SWITCH = 4.5
"""Cost of a change of language, in nats: more than a part of 1 s can gain."""
MIN_SPEECH = 1.0
"""Seconds of speech in a part from which its score counts, and in a stretch of its own."""
NO_TEXT = "one of the languages has no text"
REACH = 1.5
"""Seconds around an estimated change in which a pause is looked for."""


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


def is_doubtful(chunk: Chunk, scores: Sequence[LanguageScore]) -> bool:
    """Return True if a part of the chunk may be in another language than most of it."""
    best, _ = likeliest(chunk, scores)
    return any(_probability(score, best) < CERTAIN for score in _with_speech(chunk, scores))


def stretches(chunk: Chunk, scores: Sequence[LanguageScore]) -> list[Stretch]:
    """Return the stretches of a chunk, which join to the chunk; neighbours differ in language."""
    counted = _with_speech(chunk, scores)
    languages = _path(counted, _languages(counted))
    languages = _path(counted, _certain(counted, languages) or [likeliest(chunk, scores)[0]])
    result = [Stretch(0.0, chunk.duration, languages[0])]
    for (before, after), language in zip(
        zip(counted, counted[1:], strict=False), languages[1:], strict=True
    ):
        if language != result[-1].language:
            middle = (before.start + before.end + after.start + after.end) / 4
            at = _pause(chunk, middle)
            result[-1] = replace(result[-1], end=at)
            result.append(Stretch(at, chunk.duration, language))
    if all(_speech(chunk, s.start, s.end) >= MIN_SPEECH for s in result):
        return result
    best, _ = likeliest(chunk, scores)
    return [Stretch(0.0, chunk.duration, best)]


def pieces(chunk: Chunk, parts: Sequence[Stretch]) -> list[Chunk]:
    """Cut a chunk into its stretches. The caller sets the windows."""
    return [chunk.part(s.start, s.end, s.language) for s in parts]


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


def _certain(scores: Sequence[LanguageScore], path: Sequence[str]) -> list[str]:
    """The languages of a path that are likely in their parts, and nearly certain in two of them."""
    parts: dict[str, list[float]] = {}
    for score, language in zip(scores, path, strict=True):
        parts.setdefault(language, []).append(_probability(score, language))
    return [
        language
        for language, p in parts.items()
        if fmean(p) >= LIKELY and sum(value >= NEARLY_CERTAIN for value in p) >= 2
    ]


def _path(scores: Sequence[LanguageScore], languages: Sequence[str]) -> list[str]:
    """The likeliest languages of the parts if each change costs `SWITCH` (Viterbi)."""
    languages = sorted(languages)
    totals: Mapping[str, float] = dict.fromkeys(languages, 0.0)
    origins: list[dict[str, str]] = []
    for score in scores:
        best = max(languages, key=lambda language: totals[language])
        origin = {
            language: best if totals[best] - SWITCH > totals[language] else language
            for language in languages
        }
        totals = {
            language: totals[origin[language]]
            - (SWITCH if origin[language] != language else 0.0)
            + math.log(max(_probability(score, language), FLOOR))
            for language in languages
        }
        origins.append(origin)
    path = [max(languages, key=lambda language: totals[language])]
    for origin in reversed(origins[1:]):
        path.append(origin[path[-1]])
    return path[::-1]


def _pause(chunk: Chunk, at: float) -> float:
    """The middle of the longest pause near a time, or the quietest moment."""
    spans = [(s.start - chunk.start, s.end - chunk.start) for s in chunk.speech]
    gaps = [(a[1], b[0]) for a, b in zip(spans, spans[1:], strict=False)]
    near = [gap for gap in gaps if abs((gap[0] + gap[1]) / 2 - at) <= REACH]
    if near:
        start, end = max(near, key=lambda gap: gap[1] - gap[0])
        return (start + end) / 2
    low = max(0.0, at - REACH / 2)
    samples = chunk.samples[round(low * SAMPLE_RATE) : round((at + REACH / 2) * SAMPLE_RATE)]
    return low + chunking.quietest(samples) * FRAME_SECONDS


def _with_speech(chunk: Chunk, scores: Sequence[LanguageScore]) -> list[LanguageScore]:
    """The scores of parts with speech; the one with the most speech if all have little."""
    counted = [s for s in scores if _speech(chunk, s.start, s.end) >= MIN_SPEECH]
    return counted or [max(scores, key=lambda s: _speech(chunk, s.start, s.end))]


def _speech(chunk: Chunk, start: float, end: float) -> float:
    return chunk.part(start, end, None).speech_duration


def _languages(scores: Sequence[LanguageScore]) -> list[str]:
    return list(dict.fromkeys(language for s in scores for language, _ in s.probabilities))


def _fit(scores: Sequence[LanguageScore], language: str) -> float:
    return sum(math.log(max(_probability(score, language), FLOOR)) for score in scores)


def _probability(score: LanguageScore, language: str) -> float:
    return dict(score.probabilities).get(language, 0.0)

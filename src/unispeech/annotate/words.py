"""Word times for the text of a chunk: measured by an aligner, checked, and completed.

The backend's own times (attention) are the second best. They replace a time that contradicts them
or the VAD, and serve where the aligner has none. Words without any time share what their
neighbours leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from unispeech import languages
from unispeech.aligners.base import Aligner
from unispeech.annotate import order
from unispeech.errors import AudioError
from unispeech.types import (
    SAMPLE_RATE,
    Chunk,
    ChunkResult,
    Samples,
    Segment,
    Span,
    Word,
    shifted,
)

PAD = 0.2
"""Seconds of sound added before and after native segments, whose times are estimates."""
MAX_GROUP = 30.0
"""Maximum seconds of native segments that are aligned together."""
CONTRADICTION = 1.0
"""Seconds from the attention's time, or from the nearest speech, that contradict an aligner."""
AROUND = 0.3
"""Seconds around the attention's time in which a single word is sought."""


def chunk_words(
    aligner: Aligner, chunk: Chunk, result: ChunkResult, phones: bool = False
) -> ChunkResult:
    """Set the word times of a decoded chunk.

    Raises:
        AudioError: the text is too long for the sound (CTC).
        BackendError: the aligner failed.
        UnsupportedOption: its model does not have the language.
    """
    texts = [segment.text for segment in result.segments]
    rough = [own_times(segment) for segment in result.segments]
    words = timed_texts(aligner, chunk, texts, rough, phones)
    pairs = zip(result.segments, words, strict=True)
    return replace(result, segments=tuple(with_words(segment, times) for segment, times in pairs))


def segment_words(
    aligner: Aligner,
    samples: Samples,
    segments: Iterable[Segment],
    language: str,
    phones: bool = False,
) -> Iterator[Segment | str]:
    """Add word times to the segments of a recording. Yields a warning if a text is too long."""
    for group in _groups(segments):
        start = max(0.0, group[0].start - PAD)
        end = min(len(samples) / SAMPLE_RATE, group[-1].end + PAD)
        sound = samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
        chunk = Chunk(sound, start, end, language=language)
        rough = [own_times(shifted(segment, -start)) for segment in group]
        try:
            words = timed_texts(aligner, chunk, [s.text for s in group], rough, phones)
        except AudioError as error:
            yield mismatch(chunk, error)
            yield from group
            continue
        for segment, times in zip(group, words, strict=True):
            yield with_words(segment, [shifted(word, start) for word in times])


def timed_texts(
    aligner: Aligner,
    chunk: Chunk,
    texts: Sequence[str],
    rough: Sequence[Sequence[Word]],
    phones: bool = False,
) -> list[list[Word]]:
    """The words of each text with its spelling; times count from the start of the chunk.

    `rough` are the words of each text with times of the second best kind, or none.
    """
    spaceless = languages.is_spaceless(chunk.language)
    written = [_split(text, spaceless) for text in texts]
    flat = [word for words in written for word in words]
    hints = [
        hint
        for text, words, own in zip(texts, written, rough, strict=True)
        for hint in _hints(text, words, own)
    ]
    aligned = aligner.align(chunk.samples, flat, chunk.language, phones)
    if not any(aligned):
        aligned = _one_by_one(aligner, chunk, flat, hints)
    checked = [_checked(word, hint, chunk) for word, hint in zip(aligned, hints, strict=True)]
    return completed_texts(texts, written, checked, len(chunk.samples) / SAMPLE_RATE)


def completed_texts(
    texts: Sequence[str],
    written: Sequence[Sequence[str]],
    words: Sequence[Word | None],
    length: float,
) -> list[list[Word]]:
    """The words of each text in order, with its spelling; words without times are estimated.

    `written` are the words of each text as they are aligned, `words` those of all texts in a row,
    and `length` the seconds of sound.
    """
    flat = [word for text in written for word in text]
    complete = iter(order.completed(flat, words, Span(0.0, length)))
    return [
        list(with_spaces(text, [next(complete) for _ in mine]))
        for text, mine in zip(texts, written, strict=True)
    ]


def own_times(segment: Segment) -> tuple[Word, ...]:
    """The words of a segment, if they join to its text."""
    joined = "".join("".join(word.word for word in segment.words).split())
    return segment.words if joined == "".join(segment.text.split()) else ()


def with_spaces(text: str, words: Sequence[Word]) -> Iterator[Word]:
    """Prepend the spaces of the text to its words, so that the words join to the text."""
    at = 0
    for number, word in enumerate(words):
        end = text.index(word.word.strip(), at) + len(word.word.strip())
        last = number + 1 == len(words)
        yield replace(word, word=text[at:] if last else text[at:end])
        at = end


def with_words(segment: Segment, words: Sequence[Word]) -> Segment:
    """Set the words of a segment, and its times from the first and last word."""
    if not words:
        return segment
    return replace(segment, start=words[0].start, end=words[-1].end, words=tuple(words))


def mismatch(chunk: Chunk, error: AudioError) -> str:
    """The warning about a text that is too long for its sound."""
    return f"{chunk.start:.1f}-{chunk.end:.1f} s: no word times ({error.message})"


def _split(text: str, spaceless: bool) -> list[str]:
    return list("".join(text.split())) if spaceless else text.split()


def _hints(text: str, words: Sequence[str], own: Sequence[Word]) -> Iterator[Word | None]:
    """For each word, the times of those of `own` words that have its letters."""
    letters = [word for word in own for _ in "".join(word.word.split())]
    at = 0
    for word in words:
        mine = letters[at : at + len(word)]
        at += len(word)
        if not mine:
            yield None
            continue
        probability = sum(part.probability for part in mine) / len(mine)
        yield replace(mine[0], end=mine[-1].end, word=word, probability=probability)


def _one_by_one(
    aligner: Aligner, chunk: Chunk, words: Sequence[str], hints: Sequence[Word | None]
) -> list[Word | None]:
    """Seek each word alone, near the attention's time: the text as a whole has no path."""
    found: list[Word | None] = []
    for word, hint in zip(words, hints, strict=True):
        if hint is None:
            found.append(None)
            continue
        start = max(0.0, hint.start - AROUND)
        part = chunk.samples[round(start * SAMPLE_RATE) : round((hint.end + AROUND) * SAMPLE_RATE)]
        (single,) = aligner.align(part, [word], chunk.language)
        found.append(shifted(single, start) if single else None)
    return found


def _checked(word: Word | None, hint: Word | None, chunk: Chunk) -> Word | None:
    """The aligned word, or the second best time if that is missing or contradicted."""
    if word is None:
        return hint and replace(hint, confidence=order.DOUBTED)
    if hint is None:
        return replace(word, confidence=order.DOUBTED) if _is_silent(word, chunk) else word
    apart = max(word.start - hint.end, hint.start - word.end)
    if apart > CONTRADICTION or (_is_silent(word, chunk) and not _is_silent(hint, chunk)):
        return replace(hint, confidence=order.DOUBTED)
    # The probability of the text is the backend's; the aligner only knows that of the times.
    return replace(word, probability=hint.probability)


def _is_silent(word: Word, chunk: Chunk) -> bool:
    """Return True if a word is far from all speech that the VAD detected."""
    start, end = chunk.start + word.start, chunk.start + word.end
    away = [max(span.start - end, start - span.end) for span in chunk.speech]
    return bool(away) and min(away) > CONTRADICTION


def _groups(segments: Iterable[Segment]) -> Iterator[list[Segment]]:
    """Group adjacent segments: words may lie beyond their shared boundary, which is an estimate."""
    group: list[Segment] = []
    for segment in segments:
        if group and (
            segment.end - group[0].start > MAX_GROUP or segment.start - group[-1].end > 2 * PAD
        ):
            yield group
            group = []
        group.append(segment)
    if group:
        yield group

"""Splitting of a chunk's text into sentences with times.

With word times the cut is exact. Without, the end of a sentence is estimated from its share of the
characters, as the same share of the speech, and moved to the nearest pause that the VAD detected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from unispeech.types import Chunk, Segment, Span, Word

PAUSE = 1.0
"""Seconds between words that end a segment regardless of punctuation."""
SNAP = 1.5
"""Maximum distance in seconds to move an estimated end to a pause."""

_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*(?=\s)|(?<=[。！？])[」』”]*")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'])(?:[A-Z]|mr|mrs|ms|dr|prof|st|sr|jr|vs|no|vol|etc|e\.g|i\.e)\.$", re.IGNORECASE
)


def cut(chunk: Chunk, segment: Segment) -> Iterator[Segment]:
    """Cut a segment into sentences; times still count from the start of the chunk."""
    if segment.words:
        for words in _phrases(segment.words):
            text = "".join(word.word for word in words)
            yield replace(
                segment, start=words[0].start, end=words[-1].end, text=text, words=tuple(words)
            )
        return
    texts = split(segment.text)
    spans = _speech(chunk)
    total = sum(len(text) for text in texts)
    start, characters = spans[0].start, 0
    for text in texts:
        characters += len(text)
        if characters < total:
            end, following = _boundary(spans, characters / total)
        else:
            end, following = spans[-1].end, 0.0
        yield replace(segment, start=start, end=max(start, end), text=text)
        start = max(start, following)


def split(text: str) -> list[str]:
    """Split a text into sentences, which join to the text."""
    sentences: list[str] = []
    start = 0
    for match in _END.finditer(text):
        sentence = text[start : match.end()]
        if sentence.strip() and not _ABBREVIATION.search(sentence):
            sentences.append(sentence)
            start = match.end()
    if text[start:].strip() or not sentences:
        sentences.append(text[start:])
    else:
        sentences[-1] += text[start:]
    return sentences


def _phrases(words: Sequence[Word]) -> Iterator[list[Word]]:
    phrase: list[Word] = []
    for i, word in enumerate(words):
        phrase.append(word)
        text = "".join(w.word for w in phrase)
        last = i + 1 == len(words)
        if last or words[i + 1].start - word.end >= PAUSE or len(split(text + " x")) > 1:
            yield phrase
            phrase = []


def _speech(chunk: Chunk) -> list[Span]:
    """Spans of speech, from the start of the chunk."""
    if not chunk.speech:
        return [Span(0.0, chunk.duration)]
    return [Span(span.start - chunk.start, span.end - chunk.start) for span in chunk.speech]


def _boundary(spans: list[Span], fraction: float) -> tuple[float, float]:
    """The end of a sentence and the start of the next, after a fraction of the speech."""
    remaining = fraction * sum(span.duration for span in spans)
    at = spans[-1].end
    for span in spans:
        if remaining <= span.duration:
            at = span.start + remaining
            break
        remaining -= span.duration
    pauses = [(a.end, b.start) for a, b in zip(spans, spans[1:], strict=False)]
    near = min(pauses, key=lambda p: min(abs(p[0] - at), abs(p[1] - at)), default=(at, at))
    if min(abs(near[0] - at), abs(near[1] - at)) <= SNAP:
        return near
    return at, at

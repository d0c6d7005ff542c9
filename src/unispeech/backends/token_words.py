"""Words, sentences and their times from a model that returns tokens and the start of each.

Transducers and CTC models of word pieces return the time at which they emit a token, and no ends. A
word ends where the next begins, or where the speech around it ends (the VAD's spans), whichever is
first; punctuation lengthens no word.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from unispeech import languages
from unispeech.stages import sentences
from unispeech.types import Chunk, ChunkResult, Segment, Word

TIMED_BY = "tokens"
"""The value of `Word.timed_by`."""
LONGEST_TOKEN = 0.64
"""Seconds after the start of its last token at which a word ends at the latest."""
SHORTEST = 0.04
"""Seconds that a word lasts at least, if the next word leaves room."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a model. `text` has a leading space if a word begins."""

    text: str
    logprob: float = 0.0
    start: float | None = None
    """Seconds from the start of the chunk; None if the model has no times."""


def result(chunk: Chunk, tokens: Sequence[Token], word_times: bool) -> ChunkResult:
    """Return the sentences of a chunk; with times if the tokens have them."""
    words = list(_words(tokens, languages.is_spaceless(chunk.language)))
    text = "".join(_joined(word) for word in words)
    if not text.strip():
        return ChunkResult(())
    mean = fmean(token.logprob for token in tokens)
    segment = Segment(0, 0.0, chunk.duration, text, avg_logprob=min(mean, 0.0))
    if any(token.start is None for token in tokens):
        return ChunkResult((segment,))
    segment = replace(segment, words=_timed(chunk, words))
    cut = sentences.cut(chunk, segment)
    return ChunkResult(tuple(s if word_times else replace(s, words=()) for s in cut))


def timed_words(chunk: Chunk, tokens: Sequence[Token]) -> tuple[Word, ...]:
    """Return the words of tokens with starts, in seconds from the start of the chunk."""
    words = list(_words(tokens, languages.is_spaceless(chunk.language)))
    return _timed(chunk, words) if words else ()


def _words(tokens: Sequence[Token], spaceless: bool) -> Iterator[list[Token]]:
    """Yield the tokens of each word. Without spaces in the language, each token is a word."""
    word: list[Token] = []
    for token in tokens:
        text = token.text.lstrip()
        begins = token.text[:1].isspace() and (not text or not _is_mark(text))
        has_text = any(token.text.strip() for token in word)  # a lone space is of the next word
        if has_text and (begins or (spaceless and text and not _is_mark(text))):
            yield word
            word = []
        word.append(token)
    if any(token.text.strip() for token in word):
        yield word


def _is_mark(text: str) -> bool:
    """True for punctuation, which belongs to the word before it."""
    return not any(character.isalnum() for character in text)


def _joined(word: Sequence[Token]) -> str:
    """The text of a word with one leading space, if its first token has one."""
    text = "".join(token.text for token in word)
    body = "".join(text.split())
    return f" {body}" if text[:1].isspace() else body


def _timed(chunk: Chunk, words: Sequence[Sequence[Token]]) -> tuple[Word, ...]:
    timed: list[Word] = []
    starts = [min(word[0].start or 0.0, chunk.duration) for word in words]
    for word, start, following in zip(words, starts, [*starts[1:], chunk.duration], strict=True):
        spoken = [token for token in word if not _is_mark(token.text)] or word
        last = spoken[-1].start or 0.0
        end = min(_end_of_speech(chunk, last), last + LONGEST_TOKEN, following)
        end = max(end, min(start + SHORTEST, following))
        probability = math.exp(min(0.0, fmean(token.logprob for token in word)))
        if text := _joined(word):
            timed.append(Word(start, end, text, probability, timed_by=TIMED_BY))
    return tuple(timed)


def _end_of_speech(chunk: Chunk, at: float) -> float:
    """The end of the span of speech around a time, both in seconds from the start of the chunk."""
    ends = (span.end - chunk.start for span in chunk.speech)
    return next((end for end in ends if end > at), chunk.duration)

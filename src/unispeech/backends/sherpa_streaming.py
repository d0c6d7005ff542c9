"""sherpa-onnx's models that decode while the sound arrives: live streams, and chunks of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from unispeech.backends import token_words
from unispeech.backends.base import LiveStream, Phrase
from unispeech.backends.failures import wrapped
from unispeech.backends.token_words import Token
from unispeech.types import SAMPLE_RATE, Chunk, Samples

TAIL = 1.0
"""Seconds of silence, besides one step of the model, after which it has emitted its last token."""


class Stream(LiveStream):
    """A live stream. Streams share their recogniser, which is safe to call from several threads."""

    def __init__(self, recognizer: Any, shift: float, language: str | None) -> None:
        """`shift` is the sound in seconds by which one call of the model moves on."""
        self._recognizer, self._shift, self._language = recognizer, shift, language
        self._fed = 0
        self._begin()

    def _begin(self) -> None:
        self._stream = self._recognizer.create_stream()
        self._decoded = self._phrase_start = self._last = self._fed / SAMPLE_RATE
        self._count = 0  # tokens of the phrase; the last came at `_last`

    def feed(self, samples: Samples) -> Phrase:
        self._fed += len(samples)
        with wrapped("sherpa"):
            return self._advance(samples)

    def next_phrase(self) -> None:
        self._recognizer.reset(self._stream)
        self._phrase_start, self._count = self._decoded, 0

    def end(self) -> Phrase:
        with wrapped("sherpa"):
            silence = np.zeros(round((TAIL + self._shift) * SAMPLE_RATE), np.float32)
            phrase = self._advance(silence)
        self._begin()
        return phrase

    def _advance(self, samples: Samples) -> Phrase:
        recognizer, stream = self._recognizer, self._stream
        accept(stream, samples)
        while recognizer.is_ready(stream):
            recognizer.decode_stream(stream)
            self._decoded += self._shift
        found = _tokens_of(recognizer, stream)
        if len(found) != self._count:
            self._count, self._last = len(found), self._decoded
        end = max(self._fed / SAMPLE_RATE, self._phrase_start)
        chunk = Chunk(samples, self._phrase_start, end, language=self._language)
        words = tuple(
            replace(word, start=word.start + self._phrase_start, end=word.end + self._phrase_start)
            for word in token_words.timed_words(chunk, found)
        )
        return Phrase(words, self._decoded - self._last)


def decode(recognizer: Any, chunks: Sequence[Chunk]) -> list[list[Token]]:
    """Return the tokens of each chunk."""
    streams = [recognizer.create_stream() for _ in chunks]
    for stream, chunk in zip(streams, chunks, strict=True):
        tail = round(2 * TAIL * SAMPLE_RATE)
        accept(stream, np.pad(chunk.samples, (0, tail)))
    while ready := [stream for stream in streams if recognizer.is_ready(stream)]:
        recognizer.decode_streams(ready)
    return [_tokens_of(recognizer, stream) for stream in streams]


def accept(stream: Any, samples: Samples) -> None:
    """Give samples to a stream of the library, which reads a memoryview faster than an array."""
    stream.accept_waveform(SAMPLE_RATE, np.ascontiguousarray(samples).data)


def _tokens_of(recognizer: Any, stream: Any) -> list[Token]:
    found = recognizer.recognizer.get_result(stream)
    return tokens(found.text, found.tokens, found.timestamps, found.ys_probs)


def tokens(
    text: str, texts: Sequence[str], starts: Sequence[float], logprobs: Sequence[float]
) -> list[Token]:
    """Return the tokens of a result; the words of its text if its tokens are bytes."""
    if "".join("".join(texts).split()) != "".join(text.split()):
        return [Token(f" {word}") for word in text.split()]
    times = starts if len(starts) == len(texts) else [None] * len(texts)
    scores = logprobs if len(logprobs) == len(texts) else [0.0] * len(texts)
    return [
        Token(token, float(score), start)
        for token, start, score in zip(texts, times, scores, strict=True)
    ]

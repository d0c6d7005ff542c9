"""Guard against runaway text and lost speech: doubtful chunks are decoded again.

A decoder fails in two ways. It runs away: it repeats words, or writes more characters than anyone
can say in the time. Or it stops early: a few words for many seconds of speech. Both show in the
text and the speech that the VAD detected. A doubtful chunk is decoded again, alone, with the
model's full window and rising temperatures. The best result is used, and if it is still doubtful,
it is reported as a gap.

In a short window a model may also repeat its last sentence. People repeat themselves too, so such a
chunk is decoded in the full window, and that result counts.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from unispeech import languages
from unispeech.options import DecodeOptions
from unispeech.types import Chunk, ChunkResult

Decode = Callable[[Sequence[Chunk], DecodeOptions], list[ChunkResult]]
"""A backend's `transcribe_batch`."""
OnFinal = Callable[[Sequence[Chunk], Sequence[ChunkResult]], None]

MAX_COMPRESSION = 2.4
"""Maximum ratio of UTF-8 bytes to zlib bytes; above, the text repeats itself (openai/whisper)."""
MIN_LOGPROB = -1.0
"""Minimum mean log probability per token; below, the model was guessing (openai/whisper)."""
NO_SPEECH = 0.6
"""No-speech probability above which a chunk of low log probability is silent (openai/whisper)."""
MAX_RATE = 32.0
"""Maximum characters per second of chunk; auctioneers reach 25."""
MIN_RATE = 4.0
"""Minimum characters per second of speech; slow reading has 8. A third in spaceless languages."""
MIN_SPEECH = 3.0
"""Seconds of speech from which `MIN_RATE` applies."""
MIN_REPEAT = 4
"""Length in words of an immediate repetition that a short window may have caused."""

REPETITION = "repetition"
TOO_MUCH = "more text than anyone can say in the time"
NOTHING = "speech without text"
GUESSED = "the model was guessing"
TOO_LITTLE = "too little text for the speech"
WORST_FIRST = (REPETITION, TOO_MUCH, NOTHING, GUESSED, TOO_LITTLE, "")
"""Reasons to doubt a text, worst first. If every attempt is doubtful, keep the least bad."""


def ignore(chunks: Sequence[Chunk], results: Sequence[ChunkResult]) -> None:
    return None


def suspicion(chunk: Chunk, result: ChunkResult) -> str:
    """The reason to doubt the text of a chunk, or an empty string."""
    text = result.text.strip()
    spaceless = languages.is_spaceless(chunk.language)
    if compression_ratio(text) > MAX_COMPRESSION:
        return REPETITION
    if len(text) > MAX_RATE * max(chunk.duration, 1.0):
        return TOO_MUCH
    if chunk.speech_duration >= MIN_SPEECH:
        rate = len(text) / chunk.speech_duration
        if rate < (MIN_RATE / 3 if spaceless else MIN_RATE):
            return TOO_LITTLE if text else NOTHING
    if _logprob(result) < MIN_LOGPROB:
        return GUESSED
    return ""


def guarded(
    decode: Decode,
    chunks: Sequence[Chunk],
    options: DecodeOptions,
    full_window: float,
    on_final: OnFinal = ignore,
) -> list[ChunkResult]:
    """Decode a batch, and its doubtful chunks again. Returns one result per chunk, in order."""
    first = decode(chunks, options)
    return checked(decode, chunks, first, options, full_window, on_final)


def checked(
    decode: Decode,
    chunks: Sequence[Chunk],
    first: Sequence[ChunkResult],
    options: DecodeOptions,
    full_window: float,
    on_final: OnFinal = ignore,
) -> list[ChunkResult]:
    """Decode the chunks again whose `first` results are doubtful. Returns one result per chunk.

    `on_final` gets results as soon as they are final: first all results without doubt, then the
    others one at a time.
    """
    results = list(first)
    doubtful = [i for i, chunk in enumerate(chunks) if _is_doubtful(chunk, results[i], full_window)]
    final = [i for i in range(len(chunks)) if i not in doubtful]
    on_final([chunks[i] for i in final], [results[i] for i in final])
    for i in doubtful:
        results[i] = _decode_again(decode, chunks[i], results[i], options, full_window)
        on_final([chunks[i]], [results[i]])
    return results


def _is_doubtful(chunk: Chunk, result: ChunkResult, full_window: float) -> bool:
    is_short = chunk.window < full_window
    return bool(suspicion(chunk, result)) or (is_short and has_repetition(result.text))


def has_repetition(text: str) -> bool:
    """True if `MIN_REPEAT` or more words are immediately repeated."""
    words = re.findall(r"\w+", text.lower())
    return any(
        words[i : i + n] == words[i + n : i + 2 * n]
        for n in range(MIN_REPEAT, len(words) // 2 + 1)
        for i in range(len(words) - 2 * n + 1)
    )


def _decode_again(
    decode: Decode,
    chunk: Chunk,
    first: ChunkResult,
    options: DecodeOptions,
    full_window: float,
) -> ChunkResult:
    """Raise the temperature until the text is not doubtful; else return the best attempt."""
    if _is_silent(first):
        return replace(first, segments=())
    wide = replace(chunk, window=full_window)
    attempts = [first]
    temperatures = options.temperatures
    if wide.window == chunk.window:
        temperatures = temperatures[1:]
    for temperature in temperatures:
        result = decode([wide], replace(options, temperature=(temperature,)))[0]
        if _is_silent(result):
            return replace(result, segments=())
        attempts.append(result)
        if not suspicion(chunk, result):
            return result
    best = max(attempts, key=lambda result: _merit(chunk, result))
    return replace(best, suspicion=suspicion(chunk, best))


def _merit(chunk: Chunk, result: ChunkResult) -> tuple[int, float, float]:
    """Sort key of attempts: the reason to doubt, then the length of a short text, then likelihood.

    A short text of low probability counts as a guess, so that its length is no merit.
    """
    reason = suspicion(chunk, result)
    if reason == TOO_LITTLE and _logprob(result) < MIN_LOGPROB:
        reason = GUESSED
    length = len(result.text.strip()) if reason == TOO_LITTLE else 0
    return WORST_FIRST.index(reason), length, _logprob(result)


def _is_silent(result: ChunkResult) -> bool:
    """Whisper's rule for silence: a high no-speech probability and a low log probability."""
    return bool(result.segments) and (
        result.segments[0].no_speech_prob > NO_SPEECH and _logprob(result) < MIN_LOGPROB
    )


def _logprob(result: ChunkResult) -> float:
    return min((segment.avg_logprob for segment in result.segments), default=0.0)


def compression_ratio(text: str) -> float:
    """UTF-8 bytes over their zlib size: about 1 to 2 for speech (openai/whisper, utils.py)."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0

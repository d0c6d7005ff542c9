"""No runaway text and no lost speech: look at what was decoded, and decode again what is doubtful.

A decoder can go wrong in two ways. It runs away: the same words over and over, or more characters
than anyone can say in the time. Or it leaves early: a few words for many seconds of speech. Both
are seen from the text and the speech that the VAD heard. A doubtful chunk is decoded again, alone,
with the model's full window, climbing the temperatures; the best of what came out is kept, and
what is still doubtful is reported as a gap.

In a short window a model may also say its last sentence twice. People do that too, so such a chunk
is decoded in the full window, and what comes out there is believed.
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
Settled = Callable[[Sequence[Chunk], Sequence[ChunkResult]], None]

MAX_COMPRESSION = 2.4
"""UTF-8 bytes over zlib bytes; repetition is above (openai/whisper, transcribe.py)."""
MIN_LOGPROB = -1.0
"""Mean log probability of a token, below which the model was guessing (openai/whisper)."""
NO_SPEECH = 0.6
"""With a low log probability, above which the chunk is taken for silent (openai/whisper)."""
MAX_RATE = 32.0
"""Characters per second of chunk; auctioneers reach 25."""
MIN_RATE = 4.0
"""Characters per second of speech; slow reading has 8. A third of it where words have no spaces."""
MIN_SPEECH = 3.0
"""Seconds of speech, below which the lower rate says nothing."""
TWICE = 4
"""Words that are said twice in a row, from which a short window may be the reason."""

REPETITION = "repetition"
TOO_MUCH = "more text than anyone can say in the time"
NOTHING = "speech without text"
GUESSED = "the model was guessing"
TOO_LITTLE = "too little text for the speech"
WORST_FIRST = (REPETITION, TOO_MUCH, NOTHING, GUESSED, TOO_LITTLE, "")
"""What is wrong with a text, from invented to nothing: where all are doubtful, the last is kept."""


def ignore(chunks: Sequence[Chunk], results: Sequence[ChunkResult]) -> None:
    return None


def suspicion(chunk: Chunk, result: ChunkResult) -> str:
    """Why the text cannot be what was said, or an empty string."""
    text = result.text.strip()
    dense = languages.is_spaceless(chunk.language)
    if compression_ratio(text) > MAX_COMPRESSION:
        return REPETITION
    if len(text) > MAX_RATE * max(chunk.duration, 1.0):
        return TOO_MUCH
    if chunk.speech_duration >= MIN_SPEECH:
        rate = len(text) / chunk.speech_duration
        if rate < (MIN_RATE / 3 if dense else MIN_RATE):
            return TOO_LITTLE if text else NOTHING
    if _logprob(result) < MIN_LOGPROB:
        return GUESSED
    return ""


def guarded(
    decode: Decode,
    chunks: Sequence[Chunk],
    options: DecodeOptions,
    full_window: float,
    settled: Settled = ignore,
) -> list[ChunkResult]:
    """Decode a batch; decode its doubtful chunks again. One result for each chunk, in order.

    `settled` hears of final results as soon as they are: those nobody doubts together, then the
    others one by one.
    """
    results = decode(chunks, options)
    doubtful = [i for i, chunk in enumerate(chunks) if _doubtful(chunk, results[i], full_window)]
    fine = [i for i in range(len(chunks)) if i not in doubtful]
    settled([chunks[i] for i in fine], [results[i] for i in fine])
    for i in doubtful:
        results[i] = _again(decode, chunks[i], results[i], options, full_window)
        settled([chunks[i]], [results[i]])
    return results


def _doubtful(chunk: Chunk, result: ChunkResult, full_window: float) -> bool:
    narrow = chunk.window < full_window
    return bool(suspicion(chunk, result)) or (narrow and said_twice(result.text))


def said_twice(text: str) -> bool:
    """Whether `TWICE` or more words come again right after themselves."""
    words = re.findall(r"\w+", text.lower())
    return any(
        words[i : i + n] == words[i + n : i + 2 * n]
        for n in range(TWICE, len(words) // 2 + 1)
        for i in range(len(words) - 2 * n + 1)
    )


def _again(
    decode: Decode,
    chunk: Chunk,
    first: ChunkResult,
    options: DecodeOptions,
    full_window: float,
) -> ChunkResult:
    """Climb the ladder until nothing is doubtful; else the best that was seen."""
    if _silent(first):
        return replace(first, segments=())
    wide = replace(chunk, window=full_window)
    tried = [first]
    ladder = options.temperatures
    if wide.window == chunk.window:
        ladder = ladder[1:]
    for temperature in ladder:
        result = decode([wide], replace(options, temperature=(temperature,)))[0]
        if _silent(result):
            return replace(result, segments=())
        tried.append(result)
        if not suspicion(chunk, result):
            return result
    best = max(tried, key=lambda result: _merit(chunk, result))
    return replace(best, suspicion=suspicion(chunk, best))


def _merit(chunk: Chunk, result: ChunkResult) -> tuple[int, float, float]:
    """Nothing invented; then, of texts that are too short, the longer; then the likelier.

    A longer one that the model does not believe is a guess.
    """
    why = suspicion(chunk, result)
    if why == TOO_LITTLE and _logprob(result) < MIN_LOGPROB:
        why = GUESSED
    length = len(result.text.strip()) if why == TOO_LITTLE else 0
    return WORST_FIRST.index(why), length, _logprob(result)


def _silent(result: ChunkResult) -> bool:
    """Whisper's own rule: it hears no speech, and does not believe its text either."""
    return bool(result.segments) and (
        result.segments[0].no_speech_prob > NO_SPEECH and _logprob(result) < MIN_LOGPROB
    )


def _logprob(result: ChunkResult) -> float:
    return min((segment.avg_logprob for segment in result.segments), default=0.0)


def compression_ratio(text: str) -> float:
    """UTF-8 bytes over their zlib size: about 1 to 2 for speech (openai/whisper, utils.py)."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0

"""Judgement of a text against the speech of its chunk: reasons to doubt it, worst first.

Thresholds of compression, log probability and silence are those of openai/whisper.
"""

from __future__ import annotations

import re
import zlib

from unispeech import languages
from unispeech.types import Chunk, ChunkResult

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
SPARSE_RATE = 12.0
"""Letters per second of speech below which the halves of a chunk are decoded too: a third of the
speech may have no text. Read English has 15 to 20 (decision 0068)."""
LAST_ALPHABET = "\u058f"
"""Characters after this, beyond Latin, Greek and Cyrillic, count by their UTF-8 bytes as letters,
since each stands for more speech."""
MIN_SPEECH = 3.0
"""Seconds of speech from which the rates apply."""
MIN_HALVED = 4.0
"""Seconds of speech in a chunk from which its halves are decoded."""
MIN_REPEAT = 4
"""Length in words of an immediate repetition that a short window may have caused."""

REPETITION = "repetition"
TOO_MUCH = "more text than anyone can say in the time"
NOTHING = "speech without text"
GUESSED = "the model was guessing"
TOO_LITTLE = "too little text for the speech"
WORST_FIRST = (REPETITION, TOO_MUCH, NOTHING, GUESSED, TOO_LITTLE, "")
"""Reasons to doubt a text, worst first. If every attempt is doubtful, keep the least bad."""


def suspicion(chunk: Chunk, result: ChunkResult) -> str:
    """The reason to doubt the text of a chunk, or an empty string."""
    text = result.text.strip()
    spaceless = languages.is_spaceless(chunk.language)
    if compression_ratio(text) > MAX_COMPRESSION:
        return REPETITION
    if not is_possible(result, chunk.duration):
        return TOO_MUCH
    if chunk.speech_duration >= MIN_SPEECH:
        rate = len(text) / chunk.speech_duration
        if rate < (MIN_RATE / 3 if spaceless else MIN_RATE):
            return TOO_LITTLE if text else NOTHING
    if logprob(result) < MIN_LOGPROB:
        return GUESSED
    return ""


def is_possible(result: ChunkResult, seconds: float) -> bool:
    """True if anyone can say the text in the time."""
    return len(result.text.strip()) <= MAX_RATE * max(seconds, 1.0)


def is_sparse(chunk: Chunk, result: ChunkResult) -> bool:
    """True if the text is so short that a part of the speech may have no text."""
    if chunk.speech_duration < MIN_HALVED:
        return False
    text = result.text.strip()
    letters = sum(len(c.encode()) if c > LAST_ALPHABET else 1 for c in text)
    return letters / chunk.speech_duration < SPARSE_RATE


def has_repetition(text: str) -> bool:
    """True if `MIN_REPEAT` or more words are immediately repeated."""
    words = re.findall(r"\w+", text.lower())
    return any(
        words[i : i + n] == words[i + n : i + 2 * n]
        for n in range(MIN_REPEAT, len(words) // 2 + 1)
        for i in range(len(words) - 2 * n + 1)
    )


def merit(chunk: Chunk, result: ChunkResult) -> tuple[bool, int, float, float]:
    """Sort key of attempts: a possible rate, the reason to doubt, the length of a short text, and
    likelihood.

    A short text of low probability counts as a guess, so that its length is no merit.
    """
    reason = suspicion(chunk, result)
    if reason == TOO_LITTLE and logprob(result) < MIN_LOGPROB:
        reason = GUESSED
    length = len(result.text.strip()) if reason == TOO_LITTLE else 0
    return is_possible(result, chunk.duration), WORST_FIRST.index(reason), length, logprob(result)


def is_silent(result: ChunkResult) -> bool:
    """Whisper's rule for silence: a high no-speech probability and a low log probability."""
    return bool(result.segments) and (
        result.segments[0].no_speech_prob > NO_SPEECH and logprob(result) < MIN_LOGPROB
    )


def logprob(result: ChunkResult) -> float:
    return min((segment.avg_logprob for segment in result.segments), default=0.0)


def compression_ratio(text: str) -> float:
    """UTF-8 bytes over their zlib size: about 1 to 2 for speech (openai/whisper, utils.py)."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0

"""Guard against runaway text and lost speech: doubtful chunks are decoded again.

A decoder fails in two ways. It runs away: it repeats words, or writes more characters than anyone
can say in the time. Or it stops early: a few words for many seconds of speech. Both show in the
text and the speech that the VAD detected. A doubtful chunk is decoded again, alone, with the
model's full window and rising temperatures. The best result is used, and if it is still doubtful,
it is reported as a gap.

In a short window a model may also repeat its last sentence. People repeat themselves too, so such a
chunk is decoded in the full window, and that result counts, unless it leaves speech without text.

A text that is short for its speech may lack a sentence that was said twice, and a text that repeats
itself may be true. Both are compared with the text of the two halves of the chunk (decision 0068).

Over noise a model writes the words of its prompt. A text of such words is compared with the text
without the prompt. A prompt may also derail a model: if every attempt with it is doubtful and the
text without it is not, that text is used (decision 0072).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from unispeech.options import DecodeOptions
from unispeech.stages import doubts, halves, leaks
from unispeech.types import Chunk, ChunkResult

Decode = Callable[[Sequence[Chunk], DecodeOptions], list[ChunkResult]]
"""A backend's `transcribe_batch`."""
OnFinal = Callable[[Sequence[Chunk], Sequence[ChunkResult]], None]

MORE = 1.2
"""Length of the text of the halves, relative to that of the chunk, from which it is fuller."""
WORSE = 0.5
"""Amount by which the log probability of the halves may be below that of the chunk."""
ALIKE = 0.5
"""Similarity in words of a repetitive text and that of its halves from which it is believed."""


def ignore(chunks: Sequence[Chunk], results: Sequence[ChunkResult]) -> None:
    return None


def guarded(
    decode: Decode,
    chunks: Sequence[Chunk],
    options: DecodeOptions,
    windows: Sequence[float],
    on_final: OnFinal = ignore,
) -> list[ChunkResult]:
    """Decode a batch, and its doubtful chunks again. Returns one result per chunk, in order.

    `windows` are those of the model, in seconds, ascending.
    """
    first = decode(chunks, options)
    return checked(decode, chunks, first, options, windows, on_final)


def checked(
    decode: Decode,
    chunks: Sequence[Chunk],
    first: Sequence[ChunkResult],
    options: DecodeOptions,
    windows: Sequence[float],
    on_final: OnFinal = ignore,
) -> list[ChunkResult]:
    """Decode the chunks again whose `first` results are doubtful. Returns one result per chunk.

    `on_final` gets results as soon as they are final: first all results without doubt, then the
    others one at a time.
    """
    results = list(first)
    doubtful = [
        i
        for i, chunk in enumerate(chunks)
        if _is_doubtful(chunk, results[i], windows) or _may_leak(chunk, results[i], options)
    ]
    final = [i for i in range(len(chunks)) if i not in doubtful]
    on_final([chunks[i] for i in final], [results[i] for i in final])
    for i in doubtful:
        results[i] = _settled(decode, chunks[i], results[i], options, windows)
        on_final([chunks[i]], [results[i]])
    return results


def _is_doubtful(chunk: Chunk, result: ChunkResult, windows: Sequence[float]) -> bool:
    return bool(
        doubts.suspicion(chunk, result)
        or _may_echo(chunk, result, windows)
        or (result.emissions is None and doubts.is_sparse(chunk, result))
    )


def _may_echo(chunk: Chunk, result: ChunkResult, windows: Sequence[float]) -> bool:
    """True if a repetition in a short window may be the model's own."""
    return chunk.window < windows[-1] and doubts.has_repetition(result.text)


def _settled(
    decode: Decode,
    chunk: Chunk,
    first: ChunkResult,
    options: DecodeOptions,
    windows: Sequence[float],
) -> ChunkResult:
    """The text without the prompt if that leaked or derailed the model, else the best attempt."""
    if unprompted := _unprompted(decode, chunk, first, options, windows):
        return unprompted
    if not _is_doubtful(chunk, first, windows):
        return first
    result = _decode_again(decode, chunk, first, options, windows)
    return _unprompted(decode, chunk, result, options, windows) or result


def _unprompted(
    decode: Decode,
    chunk: Chunk,
    result: ChunkResult,
    options: DecodeOptions,
    windows: Sequence[float],
) -> ChunkResult | None:
    """The guarded text without the prompt if `result` is the prompt rather than speech, or if
    `result` is doubtful after all attempts and that text is not."""
    may_leak = _may_leak(chunk, result, options)
    is_derailed = bool(result.suspicion) and leaks.has_prompt(options)
    if not (may_leak or is_derailed):
        return None
    options = leaks.without_prompt(options)
    plain = decode([chunk], options)[0]
    is_better = is_derailed and not doubts.suspicion(chunk, plain)
    if not (is_better or (may_leak and _is_leak(chunk, result, plain))):
        return None
    return checked(decode, [chunk], [plain], options, windows)[0]


def _may_leak(chunk: Chunk, result: ChunkResult, options: DecodeOptions) -> bool:
    return not doubts.is_silent(result) and leaks.is_echo(result.text, options, chunk.language)


def _is_leak(chunk: Chunk, result: ChunkResult, plain: ChunkResult) -> bool:
    """True if a text in the words of the prompt has no speech, judged by that without it."""
    is_too_long = not doubts.is_possible(result, chunk.speech_duration)
    if is_too_long or not plain.text.strip():
        return True
    alike = leaks.similarity(result, plain)
    if alike >= leaks.ALIKE:
        return False
    has_no_speech = any(segment.no_speech_prob > doubts.NO_SPEECH for segment in plain.segments)
    return has_no_speech or (alike < leaks.UNLIKE and bool(doubts.suspicion(chunk, plain)))


def _decode_again(
    decode: Decode,
    chunk: Chunk,
    first: ChunkResult,
    options: DecodeOptions,
    windows: Sequence[float],
) -> ChunkResult:
    """Decode the halves, then raise the temperature until the text is not doubtful; else return
    the best attempt."""
    if doubts.is_silent(first):
        return replace(first, segments=())
    reason = doubts.suspicion(chunk, first)
    if not reason and not _may_echo(chunk, first, windows):
        return _in_halves(decode, chunk, first, options, windows) or first
    if reason in (doubts.REPETITION, doubts.TOO_LITTLE) and (
        better := _in_halves(decode, chunk, first, options, windows)
    ):
        return better
    result = _sampled(decode, chunk, first, options, windows[-1])
    is_shorter = len(first.text) >= MORE * len(result.text)
    if reason or not (is_shorter or doubts.is_sparse(chunk, result)):
        return result
    # The full window may have lost a true repetition.
    better = _in_halves(decode, chunk, result, options, windows)
    return better or (
        first if doubts.is_sparse(chunk, result) and not doubts.is_sparse(chunk, first) else result
    )


def _sampled(
    decode: Decode,
    chunk: Chunk,
    first: ChunkResult,
    options: DecodeOptions,
    full_window: float,
) -> ChunkResult:
    """The first plausible text in the full window at rising temperatures, or the best attempt."""
    wide = replace(chunk, window=full_window)
    attempts = [first]
    temperatures = options.temperatures
    if wide.window == chunk.window:
        temperatures = temperatures[1:]
    for temperature in temperatures:
        result = decode([wide], replace(options, temperature=(temperature,)))[0]
        if doubts.is_silent(result):
            return replace(result, segments=())
        attempts.append(result)
        if not doubts.suspicion(chunk, result):
            return result
    best = max(attempts, key=lambda result: doubts.merit(chunk, result))
    return replace(best, suspicion=doubts.suspicion(chunk, best))


def _in_halves(
    decode: Decode,
    chunk: Chunk,
    whole: ChunkResult,
    options: DecodeOptions,
    windows: Sequence[float],
) -> ChunkResult | None:
    """The text of the halves of a chunk if it is better, or a repetition that they confirm."""
    if chunk.speech_duration < doubts.MIN_HALVED or whole.emissions is not None:
        return None
    pieces = halves.cut(chunk, windows)
    results = decode(pieces, replace(options, temperature=options.temperatures[:1]))
    reasons = {
        doubts.NOTHING if doubts.is_silent(result) else doubts.suspicion(piece, result)
        for piece, result in zip(pieces, results, strict=True)
    } - {""}
    both = replace(halves.joined(chunk, pieces, results), languages=whole.languages)
    if doubts.suspicion(chunk, whole) == doubts.REPETITION:
        return _confirmed(chunk, whole, both, reasons)
    if reasons - {doubts.REPETITION} or (reasons and not _is_echo(whole, both)):
        return None
    is_fuller = len(both.text) >= MORE * len(whole.text)
    return both if is_fuller and doubts.logprob(both) >= doubts.logprob(whole) - WORSE else None


def _confirmed(
    chunk: Chunk, whole: ChunkResult, both: ChunkResult, reasons: set[str]
) -> ChunkResult | None:
    """The better text for a repetition: that of the halves, or that of the chunk if the halves have
    no other words but fewer; None if they contradict it."""
    if not reasons or (reasons == {doubts.REPETITION} and _is_echo(whole, both)):
        return both
    is_possible = doubts.is_possible(whole, chunk.duration)
    if (
        is_possible
        and not reasons & {doubts.NOTHING, doubts.TOO_MUCH}
        and set(_words(both)) <= set(_words(whole))
    ):
        return replace(whole, suspicion=doubts.REPETITION)
    return None


def _is_echo(whole: ChunkResult, both: ChunkResult) -> bool:
    """True if the text of the halves is like that of the chunk, or has no other words."""
    first, second = _words(whole), _words(both)
    ratio = SequenceMatcher(None, first, second, autojunk=False).ratio()
    return ratio >= ALIKE or set(second) <= set(first)


def _words(result: ChunkResult) -> list[str]:
    return re.findall(r"\w+", result.text.lower())

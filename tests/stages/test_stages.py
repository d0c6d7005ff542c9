"""Invariants of the stages, for any input."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unispeech.options import DecodeOptions, VadOptions
from unispeech.stages import batching, chunking, doubts, guard, sentences, stitch
from unispeech.types import (
    FRAME,
    FRAME_SECONDS,
    SAMPLE_RATE,
    Chunk,
    ChunkResult,
    End,
    Frames,
    Segment,
    Span,
    Word,
)

NOISE = np.random.default_rng(0).normal(0, 0.1, 99_991).astype(np.float32)
# Runs of speech and silence, in frames.
runs = st.lists(st.tuples(st.booleans(), st.integers(1, 1500)), min_size=1, max_size=8)


def _frames(pattern: list[tuple[bool, int]], block: int) -> Iterator[Frames]:
    flags = np.concatenate([np.full(n, speech) for speech, n in pattern])
    samples = np.resize(NOISE, len(flags) * FRAME)
    for start in range(0, len(flags), block):
        part = flags[start : start + block]
        yield samples[start * FRAME : (start + len(part)) * FRAME], part


@settings(max_examples=60, deadline=None)
@given(
    pattern=runs, chunk_length=st.sampled_from([5.0, 20.0, 30.0]), pad=st.sampled_from([0.0, 0.4])
)
def test_chunks_cover_all_speech_once_ascend_and_fit(
    pattern: list[tuple[bool, int]], chunk_length: float, pad: float
) -> None:
    options = VadOptions(pad=pad)
    chunks = list(chunking.plan(_frames(pattern, 313), options, chunk_length))
    speech = np.concatenate([np.full(n, speech) for speech, n in pattern])
    covered = np.zeros(len(speech), int)
    previous = 0.0
    for chunk in chunks:
        assert chunk.start >= previous - 1e-6
        assert chunk.duration <= chunk_length + 1e-6
        assert len(chunk.samples) == pytest.approx(chunk.duration * SAMPLE_RATE, abs=1)
        covered[round(chunk.start / FRAME_SECONDS) : round(chunk.end / FRAME_SECONDS)] += 1
        previous = chunk.end
    clicks = int(chunking.MIN_SPEECH / FRAME_SECONDS) + 1
    missed = speech & (covered == 0)
    assert covered.max(initial=0) <= 1
    assert not any(b - a > clicks for a, b in chunking.runs(missed))


@settings(max_examples=30, deadline=None)
@given(pattern=runs, blocks=st.lists(st.integers(1, 700), min_size=2, max_size=2))
def test_the_plan_does_not_depend_on_the_block_size(
    pattern: list[tuple[bool, int]], blocks: list[int]
) -> None:
    first, second = (list(chunking.plan(_frames(pattern, b), VadOptions(), 30.0)) for b in blocks)
    assert [(c.start, c.end, c.speech) for c in first] == [
        (c.start, c.end, c.speech) for c in second
    ]


def _chunk(number: int, seconds: float = 10.0, language: str = "en") -> Chunk:
    return Chunk(np.zeros(1, np.float32), number, number + seconds, language=language, index=number)


def _numbered(chunk: Chunk) -> ChunkResult:
    return ChunkResult((Segment(0, 0.0, 1.0, f" {chunk.source}.{chunk.index}"),))


@settings(max_examples=40, deadline=None)
@given(
    items=st.lists(
        st.one_of(
            st.none(),
            st.tuples(st.floats(1.0, 30.0), st.sampled_from(["en", "fr"])),
        ),
        max_size=60,
    ),
    batch_size=st.integers(1, 16),
)
def test_results_are_in_order_with_their_chunks(
    items: list[tuple[float, str] | None], batch_size: int
) -> None:
    stream: list[Chunk | End] = [
        End(float(i)) if item is None else _chunk(i, *item) for i, item in enumerate(items)
    ]
    largest = 0

    def decode(chunks: list[Chunk]) -> list[ChunkResult]:
        nonlocal largest
        assert len({(c.language, c.window) for c in chunks}) == 1
        largest = max(largest, len(chunks))
        return [_numbered(c) for c in chunks]

    with ThreadPoolExecutor() as threads:
        read = batching.read_ahead(iter(stream), 4, threads, threading.Event())
        out = list(batching.in_order(read, decode, batch_size, threads))
    assert [o if isinstance(o, End) else o[0] for o in out] == stream
    assert all(o[1].text == f" 0.{o[0].index}" for o in out if not isinstance(o, End))
    assert largest <= batch_size


def test_reading_ahead_is_bounded_and_stops_with_its_consumer() -> None:
    read: list[int] = []

    def items() -> Iterator[Chunk]:
        for i in range(1000):
            read.append(i)
            yield _chunk(i)

    with ThreadPoolExecutor(3) as threads:
        exited = threading.Event()
        early = batching.read_ahead(items(), 4, threads, exited)
        stream = batching.in_order(early, lambda c: [_numbered(x) for x in c], 4, threads, exited)
        next(stream)
        time.sleep(0.2)
        assert len(read) <= 4 + 4 * (batching.LOOKAHEAD + batching.IN_FLIGHT) + 2
        del stream, early
        before = len(read)
        time.sleep(0.2)
        assert len(read) == before


def test_a_suspended_run_does_not_block_another() -> None:
    """One thread is enough for two runs; a run that is not consumed occupies no thread."""
    with ThreadPoolExecutor(1) as threads:

        def run(count: int) -> Iterator[tuple[Chunk, ChunkResult]]:
            items = batching.read_ahead(map(_chunk, range(count)), 4, threads, threading.Event())
            return batching.in_order(items, lambda c: [_numbered(x) for x in c], 4, threads)

        suspended = run(1000)
        next(suspended)
        assert [chunk.index for chunk, _ in run(40)] == list(range(40))
        assert len([*suspended]) == 999


def test_an_error_while_reading_or_decoding_reaches_the_caller() -> None:
    def broken() -> Iterator[Chunk]:
        yield _chunk(0)
        raise OSError("the disk is gone")

    def failing(chunks: list[Chunk]) -> list[ChunkResult]:
        raise RuntimeError("no")

    with ThreadPoolExecutor(2) as threads:
        items = batching.read_ahead(broken(), 2, threads, threading.Event())
        stream = batching.in_order(items, lambda c: [_numbered(x) for x in c], 2, threads)
        assert next(stream)[0].index == 0
        with pytest.raises(OSError, match="disk"):
            next(stream)
        with pytest.raises(RuntimeError, match="no"):
            list(batching.in_order(iter([_chunk(0)]), failing, 2, threads))


@given(text=st.text(max_size=200))
def test_sentences_join_to_the_text(text: str) -> None:
    assert "".join(sentences.split(text)) == text


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (" One. Two! Three?", 3),
        (" Mr. Smith met Dr. Jones at 5.30 p.m. They spoke.", 2),
        (" Version 1.2.3 is out.", 1),
        ("你好。今天天气很好。", 2),
        (' "Stop." he said.', 2),
        (" No end", 1),
    ],
)
def test_sentence_ends_are_detected(text: str, count: int) -> None:
    assert len(sentences.split(text)) == count


@given(
    spans=st.lists(st.floats(0.1, 3.0), min_size=2, max_size=12),
    text=st.text(alphabet="ab .!?", min_size=1, max_size=120),
)
def test_placed_segments_ascend_inside_their_chunk(spans: list[float], text: str) -> None:
    edges = np.cumsum(spans)
    speech = tuple(
        Span(5 + float(a), 5 + float(b)) for a, b in zip(edges[::2], edges[1::2], strict=False)
    )
    chunk = Chunk(np.zeros(1, np.float32), 5.0, 5.0 + float(edges[-1]), speech)
    whole = ChunkResult((Segment(0, 0.0, chunk.duration, text),))
    placed = stitch.place(chunk, whole, 3)
    times = [t for s in placed for t in (s.start, s.end)]
    assert times == sorted(times)
    assert all(chunk.start - 1e-3 <= t <= chunk.end + 1e-3 for t in times)
    assert [s.id for s in placed] == list(range(3, 3 + len(placed)))
    assert "".join(s.text for s in placed).split() == text.split()


def test_invalid_word_times_are_clamped_to_their_segment() -> None:
    words = (Word(3.0, 2.0, " a", 1.0), Word(1.0, 99.0, " b", 1.0))
    chunk = Chunk(np.zeros(1, np.float32), 10.0, 14.0)
    (segment,) = stitch.place(chunk, ChunkResult((Segment(0, 0, 4, " a b", words),)), 0)
    times = [t for w in segment.words for t in (w.start, w.end)]
    assert times == sorted(times) and segment.start <= times[0] and times[-1] <= segment.end


WINDOWS = (15.0, 30.0)


def _speech(seconds: float) -> Chunk:
    return Chunk(
        np.zeros(1, np.float32), 0.0, seconds, (Span(0.0, seconds),), window=15.0, language="en"
    )


def _result(text: str, logprob: float = -0.3, silent: float = 0.0) -> ChunkResult:
    return ChunkResult((Segment(0, 0, 1, text, (), logprob, silent),))


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (_result(" This is what a person says in about ten seconds, roughly, I think."), ""),
        (
            _result(" so so so so so so so so so so so so so so so so so so so so so so"),
            doubts.REPETITION,
        ),
        (_result(" x1y2z3w4 " * 60), doubts.REPETITION),
        (_result("".join(f" {i * 7919 % 100003}" for i in range(90))), doubts.TOO_MUCH),
        (_result(" Yes."), doubts.TOO_LITTLE),
        (_result(""), doubts.NOTHING),
        (
            _result(" This is what a person says in about ten seconds, roughly.", -1.5),
            doubts.GUESSED,
        ),
    ],
)
def test_doubtful_texts_are_detected(result: ChunkResult, reason: str) -> None:
    assert doubts.suspicion(_speech(10.0), result) == reason


@pytest.mark.parametrize(
    ("code", "reason"),
    [("th", ""), ("tha", ""), ("cmn-script_simplified", ""), ("yue-script_traditional", ""),
     ("en", doubts.TOO_LITTLE), ("eng", doubts.TOO_LITTLE)],
)  # fmt: skip
def test_spaceless_languages_need_fewer_characters(code: str, reason: str) -> None:
    chunk = replace(_speech(10.0), language=code)
    assert doubts.suspicion(chunk, _result("x1y2z3w4v5u6t7s8r9")) == reason


GOOD = (
    " This is what a person says in about ten seconds, roughly, I think, and then another sentence"
    " begins, which is cut at its end."
)


def test_a_doubtful_chunk_is_decoded_in_halves_then_wider_and_warmer() -> None:
    requests: list[tuple[int, float, float]] = []

    def decode(chunks: Sequence[Chunk], options: DecodeOptions) -> list[ChunkResult]:
        requests.append((len(chunks), chunks[0].window, options.temperatures[0]))
        return [_result(GOOD if len(requests) == 4 else " Yes.") for _ in chunks]

    (result,) = guard.guarded(decode, [_speech(10.0)], DecodeOptions(), WINDOWS)
    assert requests == [(1, 15.0, 0.0), (2, 15.0, 0.0), (1, 30.0, 0.0), (1, 30.0, 0.2)]
    assert result.suspicion == "" and result.text.startswith(" This is")


def _in_halves(
    whole: ChunkResult, first: ChunkResult, second: ChunkResult, window: float = 15.0
) -> tuple[ChunkResult, int]:
    """The guard's result for a chunk of 10 s with these texts, and the number of calls."""
    calls: list[list[Chunk]] = []

    def decode(chunks: Sequence[Chunk], options: DecodeOptions) -> list[ChunkResult]:
        calls.append(list(chunks))
        return [whole] if len(chunks) == 1 else [first, second]

    chunk = replace(
        _speech(10.0),
        samples=np.zeros(160_000, np.float32),
        speech=(Span(0.0, 4.5), Span(4.9, 5.0), Span(5.1, 10.0)),
        window=window,
    )
    (result,) = guard.guarded(decode, [chunk], DecodeOptions(temperature=(0.0,)), WINDOWS)
    if len(calls) > 1:
        assert [(c.start, c.end) for c in calls[1]] == [(0.0, 4.7), (4.7, 10.0)]
    return result, len(calls)


def test_a_sentence_that_the_model_says_once_comes_from_the_halves() -> None:
    once = _result(" This is what a person says in about five seconds, I think.")
    result, calls = _in_halves(once, once, once)
    assert calls == 2 and not result.suspicion
    assert result.text == once.text * 2
    assert [round(s.start, 1) for s in result.segments] == [0.0, 4.9]


@pytest.mark.parametrize(
    "second",
    [_result(" Slow."), _result(" I think. I think so. I think so as well.", -0.9), _result("")],
    ids=["no fuller", "less probable", "silence"],
)
def test_the_halves_of_a_slow_chunk_must_be_fuller_and_probable(second: ChunkResult) -> None:
    slow = _result(" A person who speaks slowly has this text, and no more.")
    half = _result(" A person who speaks slowly has this text, and no more.", -0.2)
    result, calls = _in_halves(slow, _result(" A person who speaks slowly"), second)
    assert result == slow and calls == 2
    assert _in_halves(slow, half, second)[1] == 2


def test_a_repetition_that_the_halves_confirm_is_believed() -> None:
    result, calls = _in_halves(_result(" no," * 20), _result(" no," * 12), _result(" no," * 11))
    assert calls == 2 and not result.suspicion
    assert result.text.split() == ["no,"] * 23


def test_a_repetition_that_the_halves_shorten_is_kept_with_a_gap() -> None:
    result, calls = _in_halves(_result(" no," * 20), _result(" no," * 6), _result(" No", -1.1))
    assert calls == 2 and result.suspicion == doubts.REPETITION
    assert result.text == " no," * 20


def test_a_runaway_text_is_replaced_by_that_of_the_halves() -> None:
    half = _result(" This is what a person says in about five seconds, I think.")
    result, calls = _in_halves(_result(" no," * 200), half, half)
    assert calls == 2 and result.text == half.text * 2 and not result.suspicion


def test_a_runaway_text_is_the_worst_of_all_attempts() -> None:
    texts = iter([" no," * 30, " yes,", "", " no," * 150])

    def decode(chunks: Sequence[Chunk], options: DecodeOptions) -> list[ChunkResult]:
        return [
            _result(next(texts), -0.3 if options.temperatures[0] == 0 else -0.1) for _ in chunks
        ]

    chunk = replace(_speech(10.0), window=30.0)
    (result,) = guard.guarded(decode, [chunk], DecodeOptions(temperature=(0.0, 0.2)), WINDOWS)
    assert result.text == " no," * 30 and result.suspicion == doubts.REPETITION


def test_a_repetition_that_only_the_short_window_has_stays_if_speech_would_have_no_text() -> None:
    text = " He rolled them up, and he did well."

    def decode(chunks: Sequence[Chunk], options: DecodeOptions) -> list[ChunkResult]:
        is_short = chunks[0].window == 15.0 and len(chunks) == 1
        return [_result(text * (2 if is_short else 1)) for _ in chunks]

    (result,) = guard.guarded(decode, [_speech(5.0)], DecodeOptions(), WINDOWS)
    assert result.text == text * 2


def test_final_results_are_reported_once_and_as_early_as_possible() -> None:
    """Results without doubt come before any chunk is decoded again."""
    events: list[tuple[str, list[int], list[str]]] = []

    def decode(chunks: Sequence[Chunk], options: DecodeOptions) -> list[ChunkResult]:
        events.append(("decoded", [chunk.index for chunk in chunks], []))
        is_retry = len(events) > 2
        return [_result(GOOD if is_retry or chunk.index != 1 else " Yes.") for chunk in chunks]

    def on_final(chunks: Sequence[Chunk], results: Sequence[ChunkResult]) -> None:
        events.append(("final", [c.index for c in chunks], [r.text for r in results]))

    chunks = [replace(_speech(10.0), index=index) for index in range(3)]
    guard.guarded(decode, chunks, DecodeOptions(), WINDOWS, on_final)
    assert events == [
        ("decoded", [0, 1, 2], []), ("final", [0, 2], [GOOD, GOOD]),
        ("decoded", [1, 1], []), ("decoded", [1], []), ("final", [1], [GOOD]),
    ]  # fmt: skip


@pytest.mark.parametrize("wide", ["once", "twice"])
def test_a_repetition_in_a_short_window_is_decoded_in_the_full_window(wide: str) -> None:
    requests: list[float] = []
    once = " He rolled them up at once, and in the end, I think, he will do well."
    texts = {"once": once, "twice": f"{once} He will do well."}

    def decode(chunks: Sequence[Chunk], options: DecodeOptions) -> list[ChunkResult]:
        requests.append(chunks[0].window)
        if len(chunks) == 2:
            return [_result(" He rolled them up at once,"), _result(" and in the end he did well.")]
        return [_result(texts["twice"] if chunks[0].window == 15.0 else texts[wide])]

    (result,) = guard.guarded(decode, [_speech(5.0)], DecodeOptions(), WINDOWS)
    assert requests == [15.0, 30.0] + [15.0] * (wide == "once")
    assert result.text == texts[wide] and not result.suspicion
    requests.clear()
    guard.guarded(decode, [replace(_speech(5.0), window=30.0)], DecodeOptions(), WINDOWS)
    assert requests == [30.0]


@pytest.mark.parametrize(
    ("text", "is_sparse"),
    [("x" * 130, False), ("x" * 110, True), ("я" * 110, True), ("한" * 45, False),
     ("한" * 35, True), ("中" * 45, False), ("ه" * 70, False), ("ه" * 50, True)],
)  # fmt: skip
def test_characters_that_stand_for_more_speech_count_more(text: str, is_sparse: bool) -> None:
    assert doubts.is_sparse(_speech(10.0), _result(text)) is is_sparse


def test_immediate_repetitions_are_detected() -> None:
    assert doubts.has_repetition("To the best of my belief, to the best of my belief")
    assert not doubts.has_repetition("No, no, no. I know. I know what to do, and what to leave.")


def test_a_text_that_stays_doubtful_is_reported_as_a_gap() -> None:
    chunk = _speech(10.0)
    (result,) = guard.guarded(
        lambda chunks, options: [_result(" Yes.") for _ in chunks],
        [chunk],
        DecodeOptions(),
        WINDOWS,
    )
    (gap,) = stitch.gaps(chunk, result)
    assert result.text == " Yes." and gap.reason == doubts.TOO_LITTLE and gap.end == 10.0


def test_the_longest_probable_text_wins_if_all_are_too_short() -> None:
    attempts = iter([
        _result(" Yes.", -0.1), _result(""), _result(""),
        _result(" Yes, and then we went", -0.5), _result(""),
        _result(" Yes, and then zebras and more", -1.5), _result(" no" * 60, -0.1),
        _result(" Yes.", -0.2), _result(" Yes, and", -0.2),
    ])  # fmt: skip
    (result,) = guard.guarded(
        lambda chunks, options: [next(attempts) for _ in chunks],
        [_speech(10.0)],
        DecodeOptions(),
        WINDOWS,
    )
    assert result.text == " Yes, and then we went" and result.suspicion == doubts.TOO_LITTLE


def test_a_chunk_that_the_model_takes_for_silence_becomes_a_gap() -> None:
    chunk = replace(_speech(5.0), window=30.0)
    (result,) = guard.guarded(
        lambda chunks, options: [_result(" Thanks for watching!", -1.4, 0.9)],
        [chunk],
        DecodeOptions(),
        WINDOWS,
    )
    assert result.segments == () and len(stitch.gaps(chunk, result)) == 1

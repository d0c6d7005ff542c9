"""The batched strategy: read ahead, decode in batches, restore the order."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial

from unispeech.annotate.annotation import Annotator
from unispeech.backends.base import Backend
from unispeech.call import Call
from unispeech.ctc import words
from unispeech.engine import seams, spread
from unispeech.engine.decoder import Decoder
from unispeech.engine.outcome import Outcome
from unispeech.engine.sound import Input
from unispeech.engine.source import Opened, Reader
from unispeech.options import DecodeOptions
from unispeech.stages import batching, stitch
from unispeech.stages.stitch import Decoded
from unispeech.types import Emissions, End, Gap, Segment

READ_AHEAD = 8
"""Chunks read and planned ahead of decoding."""


def events(
    reader: Reader,
    sources: Iterable[Input],
    backend: Backend,
    call: Call,
    annotator: Annotator,
    threads: Executor,
) -> Iterator[Segment | Gap | End]:
    """Segments and gaps of each source in order, then its end.

    `threads` read and decode. Only the calling thread marks sources as failed.

    Raises:
        Cancelled: the caller cancelled.
    """
    options = reader.options
    exited = threading.Event()
    failed: set[int] = set()  # source numbers; written here, read by the other threads
    stopping = replace(call, cancelled=lambda: exited.is_set() or call.cancelled())
    decoder = Decoder(backend, options.decode, stopping, failed)
    decode: batching.Decode = decoder
    items = reader.items(sources, failed)
    if call.spread:
        items = spread.planned_ahead(items, call.spread, exited)
        decode = spread.sharing(decoder, call.spread, stopping.cancelled)
    ahead = batching.read_ahead(items, READ_AHEAD, threads, exited)
    results: Iterator[Decoded | Opened | End] = batching.in_order(
        ahead, decode, options.batch.batch_size, threads, exited
    )
    joined: Iterator[Decoded | Opened | End] = stitch.joined(
        results, partial(_segments, options.decode)
    )
    mended: Iterator[Decoded | Opened | End | Gap] = joined
    if reader.has_seams:
        mended = seams.mended(joined, decoder.again)
    outcome: Outcome
    for item in mended:
        if isinstance(item, Opened):
            outcome = Outcome(item.recording, annotator, call.on_progress)
        elif isinstance(item, End):
            yield from outcome.finish(item)
        elif isinstance(item, Gap):
            yield item
        else:
            chunk, result = item
            yield from outcome.place(chunk, result)
            if outcome.error:
                failed.add(chunk.source)


def _segments(
    options: DecodeOptions, emissions: Emissions, language: str | None
) -> tuple[Segment, ...]:
    return words.read(emissions, language, options.word_timestamps, options.ngram)

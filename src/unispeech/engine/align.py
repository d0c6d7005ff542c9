"""Forced alignment of a given text, with the engine's own CTC model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import replace

from unispeech.call import OnProgress
from unispeech.ctc import words
from unispeech.engine.sound import Input
from unispeech.engine.source import Opened, Reader
from unispeech.stages import batching
from unispeech.stages.stitch import Decoded
from unispeech.types import Chunk, ChunkResult, End, Progress, Segment


def aligned(
    reader: Reader,
    source: Input,
    text: str,
    decode: Callable[[list[Chunk]], list[ChunkResult]],
    on_progress: OnProgress,
    threads: Executor,
) -> tuple[tuple[Segment, ...], End]:
    """Align a text: a segment with word times per line, and the end of the recording.

    Raises:
        AudioError: the recording cannot be read, or is too short for the text.
        UnispeechError: decoding a chunk failed.
    """
    from unispeech.ctc import align

    emissions = []
    results: Iterator[Decoded | Opened | End] = batching.in_order(
        reader.items([source]), decode, reader.options.batch.batch_size, threads
    )
    for item in results:
        if isinstance(item, Opened):
            recording = item.recording
        elif isinstance(item, End):
            end = item
        else:
            chunk, result = item
            if result.error:
                raise result.error
            assert result.emissions is not None
            start = result.emissions.start + chunk.start
            emissions.append(replace(result.emissions, start=start))
            on_progress(Progress(chunk.end, recording.duration, recording.name))
    if end.error:
        raise end.error
    return align.lines(words.joined(emissions), text, end.language), end

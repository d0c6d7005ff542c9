"""What a CTC model hears in a whole recording, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from unispeech.backends.base import Backend
from unispeech.call import Call
from unispeech.ctc import words
from unispeech.engine.decoder import Decoder
from unispeech.engine.source import Reading
from unispeech.options import DecodeOptions
from unispeech.stages import batching
from unispeech.types import Chunk, Emissions, End


def whole(
    chunks: Iterator[Chunk],
    reading: Reading,
    backend: Backend,
    options: DecodeOptions,
    call: Call,
    batch_size: int,
) -> Emissions:
    """The chunks of one recording decoded and joined at the frame, on the recording's clock.

    Raises:
        UnispeechError: a chunk could not be decoded.
    """
    heard = []
    decode = Decoder(backend, {0: reading}, options, call)
    for item in batching.in_order(chunks, decode, batch_size):
        assert not isinstance(item, End)
        chunk, result = item
        if result.error:
            raise result.error
        assert result.emissions is not None
        heard.append(replace(result.emissions, start=result.emissions.start + chunk.start))
        call.on_progress(reading.progress(chunk.end))
    return words.joined(heard)

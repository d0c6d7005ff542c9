"""Speed of `onnx` and `sherpa` against their library's own batch call, in one interleaved run.

    python benchmarks/onnx_batches.py MODEL [--language en] [--batch-size 16] [--repeat 5]

The folder's format chooses the backend. Both get the same utterances and decode them in batches.
The utterances are the samples' sentences, cut at their pauses and repeated. Prints seconds of sound
per second of time.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx_asr
import sherpa_onnx

from unispeech.audio.recording import load
from unispeech.backends import registry
from unispeech.models.formats import onnx, sherpa
from unispeech.models.formats.registry import format_of
from unispeech.options import DecodeOptions, LoadOptions
from unispeech.stages.windows import fit
from unispeech.system.cores import cores
from unispeech.testing.samples import SAMPLES
from unispeech.types import SAMPLE_RATE, Chunk, Samples

Decode = Callable[[Sequence[Samples]], object]

PARTS = {"english": ((0.0, 10.2), (0.0, 3.0)), "pause": ((0.0, 4.0), (14.6, 21.5), (14.6, 16.2))}
"""Stretches of the samples, in seconds."""


def utterances(count: int) -> list[Samples]:
    """Return stretches of different lengths, in random order."""
    parts = [
        load(SAMPLES / f"{name}.wav")[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
        for name, spans in PARTS.items()
        for start, end in spans
    ]
    return random.Random(0).choices(parts, k=count)


def load_onnx_asr(model: Path, language: str) -> Decode:
    """Load a model with onnx-asr; return its batch call."""
    layout = onnx.find(model)
    assert layout is not None
    loaded = onnx_asr.load_model(layout.kind, model, providers=["CPUExecutionProvider"])
    spoken = language if layout.family == "canary" else None
    return lambda sounds: loaded.recognize([np.array(s) for s in sounds], language=spoken)


def load_sherpa(model: Path, language: str) -> Decode:
    """Load a model with sherpa-onnx and as many threads as ours; return its batch call."""
    layout = sherpa.find(model)
    assert layout is not None and not layout.streaming
    factory = getattr(sherpa_onnx.OfflineRecognizer, f"from_{layout.factory}")
    languages = {"src_lang": language, "tgt_lang": language} if layout.family == "canary" else {}
    kind = sherpa.facts(model, "").compute_types[0]
    files = sherpa.files(model, layout, kind)
    loaded = factory(**files, **layout.settings, **languages, num_threads=cores())

    def decode(sounds: Sequence[Samples]) -> None:
        streams = [loaded.create_stream() for _ in sounds]
        for stream, sound in zip(streams, sounds, strict=True):
            stream.accept_waveform(SAMPLE_RATE, sound)
        loaded.decode_streams(streams)

    return decode


LIBRARIES = {"onnx": load_onnx_asr, "sherpa": load_sherpa}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--language", default="en")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--count", type=int, default=128)
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args()
    sounds = utterances(given.count)
    spec = registry.find(format_of(given.model))
    ours = registry.load(spec, given.model, spec.describe(str(given.model)), LoadOptions())
    theirs = LIBRARIES[spec.name](given.model, given.language)
    chunks = [
        fit(Chunk(s, 0.0, len(s) / SAMPLE_RATE, language=given.language), ours.windows)
        for s in sounds
    ]
    # As the engine does within its look-ahead; the library gets the recordings as they come.
    chunks.sort(key=lambda chunk: (chunk.window, chunk.duration))

    def run_ours() -> None:
        for at in range(0, len(chunks), given.batch_size):
            ours.transcribe_batch(chunks[at : at + given.batch_size], DecodeOptions())

    def run_theirs() -> None:
        for at in range(0, len(sounds), given.batch_size):
            theirs(sounds[at : at + given.batch_size])

    runs: dict[str, Callable[[], None]] = {"unispeech": run_ours, "library": run_theirs}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(given.repeat + 1):  # the first round warms up
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            if number:
                times[name].append(time.perf_counter() - started)
    seconds = sum(map(len, sounds)) / SAMPLE_RATE
    speeds = {name: seconds / statistics.median(values) for name, values in times.items()}
    for name, speed in speeds.items():
        print(f"{name}: {speed:.0f} times real time")
    print(f"ratio: {speeds['unispeech'] / speeds['library']:.2f}")


if __name__ == "__main__":
    main()

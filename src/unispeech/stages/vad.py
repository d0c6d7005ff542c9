"""Speech or silence, every 32 ms: Silero VAD (snakers4/silero-vad) through onnxruntime.

The model file is the one faster-whisper ships as package data; the silero-vad package would bring
torch. The network is recurrent: its state goes from block to block, so a stream gives exactly what
the whole file would.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from unispeech.errors import BackendMissing
from unispeech.options import VadOptions
from unispeech.types import FRAME, Flags, Floats, Frames, Samples

_CONTEXT = 64
_STATE = (1, 1, 128)


def detect(blocks: Iterator[Samples], options: VadOptions) -> Iterator[Frames]:
    """Each block in whole frames, with speech or silence for each of them."""
    detector = Detector(options)
    held = np.zeros(0, np.float32)
    for block in blocks:
        held = np.concatenate([held, block])
        whole = len(held) // FRAME * FRAME
        if whole:
            yield held[:whole], detector.flags(held[:whole])
        held = held[whole:]
    if len(held):
        yield held, detector.flags(np.pad(held, (0, FRAME - len(held))))


class Detector:
    """Speech or silence in one stream. Where the options disable it, all is speech."""

    def __init__(self, options: VadOptions) -> None:
        self._listener = Listener() if options.enabled else None
        self._hysteresis = Hysteresis(options.threshold)

    def flags(self, samples: Samples) -> Flags:
        """Of the next samples, shape (512 n,): n flags, true of speech."""
        if self._listener is None:
            return np.ones(len(samples) // FRAME, np.bool_)
        return self._hysteresis.flags(self._listener.probabilities(samples))


class Hysteresis:
    """Silero's: speech begins at the threshold and ends below `threshold - 0.15`."""

    def __init__(self, threshold: float) -> None:
        self._high = threshold
        self._low = max(threshold - 0.15, 0.01)
        self._speaking = False

    def flags(self, probabilities: Floats) -> Flags:
        """Speech or silence in the next frames, by the probability of speech in each."""
        flags = np.zeros(len(probabilities), np.bool_)
        for i, probability in enumerate(probabilities.tolist()):
            if probability >= self._high:
                self._speaking = True
            elif probability < self._low:
                self._speaking = False
            flags[i] = self._speaking
        return flags


class Listener:
    """The recurrent state of one stream. Not shared between streams."""

    def __init__(self) -> None:
        self._h = np.zeros(_STATE, np.float32)
        self._c = np.zeros(_STATE, np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)

    def probabilities(self, samples: Samples) -> Floats:
        """Of the next samples, shape (512 n,): n probabilities."""
        frames = samples.reshape(-1, FRAME)
        context = np.concatenate([self._context[None], frames[:-1, -_CONTEXT:]])
        self._context = frames[-1, -_CONTEXT:].copy()
        output, self._h, self._c = _session().run(
            None, {"input": np.concatenate([context, frames], 1), "h": self._h, "c": self._c}
        )
        probabilities: Floats = np.asarray(output, np.float32).reshape(-1)
        return probabilities


@cache
def _session() -> Any:
    import onnxruntime

    package = find_spec("faster_whisper")
    if package is None or package.origin is None:
        raise BackendMissing(
            "the Silero model that faster-whisper ships is not installed",
            "run: pip install faster-whisper (or transcribe with vad=False)",
        )
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(
        str(Path(package.origin).parent / "assets" / "silero_vad_v6.onnx"),
        providers=["CPUExecutionProvider"],
        sess_options=options,
    )

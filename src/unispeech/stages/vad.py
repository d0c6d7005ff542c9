"""How likely speech is, every 32 ms: Silero VAD (snakers4/silero-vad) through onnxruntime.

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

from unispeech.errors import BackendMissing
from unispeech.types import FRAME, Floats, Frames, Samples

_CONTEXT = 64
_STATE = (1, 1, 128)


def detect(blocks: Iterator[Samples], enabled: bool = True) -> Iterator[Frames]:
    """Each block with its probabilities of speech; where not `enabled`, all is speech."""
    import numpy as np

    listen = Listener() if enabled else None
    held = np.zeros(0, np.float32)
    for block in blocks:
        held = np.concatenate([held, block])
        whole = len(held) // FRAME * FRAME
        if whole:
            yield held[:whole], _probabilities(listen, held[:whole])
        held = held[whole:]
    if len(held):
        padded = np.pad(held, (0, FRAME - len(held)))
        yield held, _probabilities(listen, padded)


class Listener:
    """The recurrent state of one stream. Not shared between streams."""

    def __init__(self) -> None:
        import numpy as np

        self._h = np.zeros(_STATE, np.float32)
        self._c = np.zeros(_STATE, np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)

    def probabilities(self, samples: Samples) -> Floats:
        """Of the next samples, shape (512 n,): n probabilities."""
        import numpy as np

        frames = samples.reshape(-1, FRAME)
        context = np.concatenate([self._context[None], frames[:-1, -_CONTEXT:]])
        self._context = frames[-1, -_CONTEXT:].copy()
        output, self._h, self._c = _session().run(
            None, {"input": np.concatenate([context, frames], 1), "h": self._h, "c": self._c}
        )
        probabilities: Floats = np.asarray(output, np.float32).reshape(-1)
        return probabilities


def _probabilities(listen: Listener | None, samples: Samples) -> Floats:
    import numpy as np

    if listen is None:
        return np.ones(len(samples) // FRAME, np.float32)
    return listen.probabilities(samples)


@cache
def _session() -> Any:
    import onnxruntime

    package = find_spec("faster_whisper")
    if package is None or package.origin is None:
        raise BackendMissing(
            "the Silero model that faster-whisper ships is not installed",
            "run: pip install faster-whisper (or transcribe with --no-vad)",
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

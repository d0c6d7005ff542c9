"""Silero's voice activity detector (snakers4/silero-vad, version 6), as faster-whisper ships it.

The file is package data of faster-whisper; the silero-vad package would need torch.
OpenVINO runs the network where it is installed, as on x86: in less than half the time of ONNX
Runtime, with the same probabilities to five digits (decision 0125).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from unispeech.errors import BackendMissing
from unispeech.system.cores import cores
from unispeech.types import FRAME, Floats, Samples

_CONTEXT = 64
_STATE = (1, 1, 128)

_Inputs = dict[str, Floats]
"""`input` (n, 64 + 512), `h` and `c` (1, 1, 128)."""
_Network = Callable[[_Inputs], tuple[Floats, Floats, Floats]]
"""Returns the probabilities of the n frames, and the next `h` and `c`."""


class Listener:
    """Silero network with the recurrent state of one stream. Not shared between streams.

    Raises:
        BackendMissing: the package with the network is not installed.
    """

    def __init__(self) -> None:
        self._h = np.zeros(_STATE, np.float32)
        self._c = np.zeros(_STATE, np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)

    def probabilities(self, samples: Samples) -> Floats:
        """Speech probabilities, shape (n,), of the next samples, shape (512 n,)."""
        frames = samples.reshape(-1, FRAME)
        context = np.concatenate([self._context[None], frames[:-1, -_CONTEXT:]])
        self._context = frames[-1, -_CONTEXT:].copy()
        inputs = {"input": np.concatenate([context, frames], 1), "h": self._h, "c": self._c}
        output, self._h, self._c = _network()(inputs)
        return output.reshape(-1)


@cache
def _network() -> _Network:
    package = find_spec("faster_whisper")
    if package is None or package.origin is None:
        raise BackendMissing(
            "vad needs the Silero model in the package faster-whisper, which is not installed",
            "run: pip install faster-whisper (or transcribe with vad=False)",
        )
    model = Path(package.origin).parent / "assets" / "silero_vad_v6.onnx"
    try:
        return _in_openvino(model)
    except (ImportError, RuntimeError):  # not installed, as on ARM, or not usable here
        return _in_onnxruntime(model)


def _in_openvino(model: Path) -> _Network:
    from unispeech.system.openvino_library import ov

    core, threads = ov.Core(), cores()
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "NUM_STREAMS": threads,
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,
    }
    compiled = core.compile_model(core.read_model(str(model)), "CPU", settings)
    requests: SimpleQueue[Any] = SimpleQueue()  # not in use; one serves one call at a time

    def run(inputs: _Inputs) -> tuple[Floats, Floats, Floats]:
        try:
            request = requests.get_nowait()
        except Empty:
            request = compiled.create_infer_request()
        request.infer(inputs)
        output, h, c = (request.get_output_tensor(i).data.copy() for i in range(3))
        requests.put(request)
        return output, h, c

    return run


def _in_onnxruntime(model: Path) -> _Network:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        str(model), providers=["CPUExecutionProvider"], sess_options=options
    )

    def run(inputs: _Inputs) -> tuple[Floats, Floats, Floats]:
        output, h, c = session.run(None, inputs)
        return np.asarray(output, np.float32), h, c

    return run

"""Whisper's encoder in bfloat16 on OpenVINO, with the weights of a CTranslate2 folder.

On a CPU CTranslate2 runs the encoder's matrix products in int8 and its attention in float32.
Processors with AVX512-BF16 or AMX run all of it in bfloat16 in a third of the time, and closer to
float32 than int8 (decision 0026).
"""

from __future__ import annotations

from pathlib import Path
from queue import SimpleQueue
from typing import Any

from unispeech.models.convert import ctranslate2, tensor_names
from unispeech.types import Floats


def is_available() -> bool:
    """Return True if the processor supports bfloat16 and OpenVINO is installed (as on x86)."""
    try:
        from unispeech.system.openvino_library import ov
    except ImportError:
        return False
    capabilities: list[str] = ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "BF16" in capabilities


class Encoder:
    """The encoder of a CTranslate2 folder. Thread-safe; up to `streams` calls run in parallel.

    Raises:
        ModelDamaged: the folder's `model.bin` is truncated, or not Whisper.
        RuntimeError: OpenVINO cannot compile it.
    """

    def __init__(self, model: Path, streams: int) -> None:
        from unispeech.backends.whisper import openvino_graph
        from unispeech.system.openvino_library import ov

        dims, tensors = ctranslate2.weights(model)
        config = {
            "d_model": dims.n_audio_state,
            "encoder_attention_heads": dims.n_audio_head,
            "encoder_layers": dims.n_audio_layer,
            "num_mel_bins": dims.n_mels,
        }
        named = {tensor_names.hf(name): tensor for name, tensor in tensors.items()}
        compiled = ov.Core().compile_model(
            openvino_graph.encoder(named, config, int8=False, bfloat16=True),
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": "bf16",
                "NUM_STREAMS": streams,
                "INFERENCE_NUM_THREADS": streams,
                "ENABLE_CPU_PINNING": False,  # the decoder's threads share the cores
            },
        )
        self._requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(streams):
            self._requests.put(compiled.create_infer_request())

    def __call__(self, features: Floats) -> Floats:
        """Encode features of shape (mels, frames) into (1, frames / 2, width)."""
        request = self._requests.get()
        try:
            request.infer({"input_features": features[None]})
            encoded: Floats = request.get_output_tensor(0).data.copy()
            return encoded
        finally:
            self._requests.put(request)

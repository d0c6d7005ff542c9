"""OpenVINO: Whisper on Intel CPUs and GPUs (openvinotoolkit/openvino, openvino.genai).

`batched` runs UniSpeech's own decoding loop, `native` runs openvino-genai's `WhisperPipeline`. Both
use the same two graphs, built from the model's tensors.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from unispeech.backends.base import NativeRun
from unispeech.backends.failures import wrapped
from unispeech.backends.serial import SerialBackend
from unispeech.backends.whisper import decode_loop, openvino_graph
from unispeech.backends.whisper import spoken as detection
from unispeech.backends.whisper.decode_loop import Vocabulary
from unispeech.errors import BackendError, ModelDamaged
from unispeech.features import mel
from unispeech.features.logmel import log_mel
from unispeech.models.convert import hf
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions, LoadOptions, TranscribeOptions
from unispeech.system.cores import cores
from unispeech.system.openvino_library import ov
from unispeech.types import Chunk, ChunkResult, LanguageScore, Samples, Segment

COPIED = ("config.json", "generation_config.json", "preprocessor_config.json")
"""Model files that openvino-genai reads beside the graphs."""


class OpenVINO(SerialBackend):
    """A Whisper model in OpenVINO: the encoder and the decoder, compiled."""

    name = "openvino"

    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        self._lock = threading.Lock()
        self._folder = model
        self._device = options.device.replace("auto", "cpu").replace(":", ".").upper()
        with wrapped(f"openvino cannot read the model {model}", error_class=ModelDamaged):
            self._vocabulary = Vocabulary.read(model)
            self._config = json.loads((model / "config.json").read_text(encoding="utf-8"))
            tensors = hf.weights(model)
        self._filters = mel.filters(self._config["num_mel_bins"])
        self._int8 = options.compute_type in ("default", "int8")
        core = ov.Core()
        self._settings = _settings(core, options)
        cross = (
            ov.Type.bf16 if self._settings["INFERENCE_PRECISION_HINT"] == "bf16" else ov.Type.f32
        )
        with wrapped(self.name, "choose another device"):
            self._model = tuple(
                core.compile_model(graph, self._device, self._settings)
                for graph in self._graphs(tensors, cross)
            )

    def _graphs(self, tensors: Any, cross: ov.Type | None = None) -> tuple[Any, Any]:
        return (
            openvino_graph.encoder(tensors, self._config, self._int8, cross),
            openvino_graph.decoder(tensors, self._config, self._int8, cross),
        )

    def fit_prompt(self, options: DecodeOptions) -> DecodeOptions:
        return self._vocabulary.fit_prompt(options)

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        results: dict[int, ChunkResult] = {}
        with self._running() as model:
            for window in {chunk.window for chunk in chunks}:
                bucket = {i: chunk for i, chunk in enumerate(chunks) if chunk.window == window}
                batch = list(bucket.values())
                encoded = self._encode(model, [chunk.samples for chunk in batch], window)
                scores = self._language_scores(model, encoded, batch)
                decoded = decode_loop.transcribe(
                    self._step(model, encoded), self._vocabulary, batch, options,
                    detection.languages(batch, scores),
                )  # fmt: skip
                for i, result, languages in zip(bucket, decoded, scores, strict=True):
                    results[i] = replace(result, languages=languages)
        return [results[i] for i in range(len(chunks))]

    def _encode(self, model: Any, samples: Sequence[Samples], window: float) -> dict[str, Any]:
        """Return the keys and values of the cross-attention: tensors (rows, heads, frames, size).

        They belong to a new request, so a later call does not overwrite them.
        """
        encoder = model[0].create_infer_request()
        encoder.infer(
            {"input_features": np.stack([log_mel(s, self._filters, window) for s in samples])}
        )
        return {o.any_name: encoder.get_tensor(o) for o in encoder.model_outputs}

    def _language_scores(
        self, model: Any, encoded: dict[str, Any], chunks: Sequence[Chunk]
    ) -> list[tuple[LanguageScore, ...]]:
        def detect(parts: Sequence[detection.Part]) -> list[dict[str, float]]:
            stacked = {name: _stacked(tensor, parts) for name, tensor in encoded.items()}
            return decode_loop.languages(self._step(model, stacked), self._vocabulary, len(parts))

        return detection.scores(detect, chunks, bool(self._vocabulary.languages))

    def _step(self, model: Any, encoded: dict[str, Any]) -> decode_loop.Step:
        """Return a step function of a decoder that attends to encoded chunks.

        Its request is new, so the decoder's state is empty, and it reads the tensors without a
        copy.
        """
        decoder = model[1].create_infer_request()
        for name, tensor in encoded.items():
            decoder.set_tensor(name, tensor)
        rows = next(iter(encoded.values())).shape[0]
        decoder.set_tensor("beam_idx", ov.Tensor(np.arange(rows, dtype=np.int32)))

        def step(tokens: Any) -> Any:
            return decoder.infer({"input_ids": tokens})["logits"][:, -1].copy()

        return step

    def detect_language(self, samples: Samples) -> tuple[str, float]:
        with self._running() as model:
            step = self._step(model, self._encode(model, [samples], 30.0))
            return decode_loop.likeliest_language(step, self._vocabulary)

    def transcribe_native(self, samples: Samples, options: TranscribeOptions) -> NativeRun:
        """Run `openvino_genai.WhisperPipeline`; options left out get its own defaults."""
        decode = self.fit_prompt(options.decode)
        settings: dict[str, Any] = {"return_timestamps": True}
        language = decode.language
        if self._vocabulary.languages:
            language = language or self.detect_language(samples)[0]
            settings |= {"language": f"<|{language}|>", "task": decode.task}
        if decode.initial_prompt:
            settings["initial_prompt"] = decode.initial_prompt
        if decode.hotwords:
            settings["hotwords"] = decode.hotwords
        with self._running():
            result = self._pipeline.generate(samples, **settings)
        return NativeRun(_segments(result.chunks), language or "en")

    @cached_property
    def _pipeline(self) -> Any:
        """The pipeline of openvino-genai, which reads its graphs from a temporary folder."""
        import openvino_genai

        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            graphs = self._graphs(hf.weights(self._folder))
            for kind, graph in zip(("encoder", "decoder"), graphs, strict=True):
                ov.save_model(graph, folder / f"openvino_{kind}_model.xml", compress_to_fp16=False)
            for file in COPIED:
                shutil.copy(self._folder / file, folder)
            for kind, graph in zip(
                ("tokenizer", "detokenizer"), _tokenizers(self._folder), strict=True
            ):
                ov.save_model(graph, folder / f"openvino_{kind}.xml", compress_to_fp16=False)
            return openvino_genai.WhisperPipeline(str(folder), self._device, **self._settings)

    def close(self) -> None:
        super().close()
        self.__dict__.pop("_pipeline", None)


def _settings(core: Any, options: LoadOptions) -> dict[str, Any]:
    """Return OpenVINO's settings: inference in bfloat16 if supported, also with int8 weights."""
    capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    float32 = options.compute_type == "float32" or "BF16" not in capabilities
    if options.compute_type == "bfloat16" and float32:
        raise BackendError("openvino: this processor has no bfloat16", "use compute_type='int8'")
    return {
        "INFERENCE_PRECISION_HINT": "f32" if float32 else "bf16",
        "INFERENCE_NUM_THREADS": options.threads or cores(),
    }


def _stacked(tensor: Any, parts: Sequence[detection.Part]) -> Any:
    """Return a tensor of some parts of the encoder's output, (parts, heads, frames, size)."""
    source = tensor.data
    values = np.stack([source[row, :, frames] for row, frames in parts])
    stacked = ov.Tensor(tensor.element_type, ov.Shape(values.shape))
    stacked.data[:] = values
    return stacked


def _tokenizers(model: Path) -> tuple[Any, Any]:
    from openvino_tokenizers import convert_tokenizer
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(model), local_files_only=True)
    models: tuple[Any, Any] = convert_tokenizer(tokenizer, with_detokenizer=True)
    return models


def _segments(chunks: Sequence[Any]) -> Iterator[Segment]:
    for number, chunk in enumerate(chunks):
        yield Segment(number, chunk.start_ts, chunk.end_ts, chunk.text)

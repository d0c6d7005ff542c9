"""whisperX: its own pipeline over pyannote's VAD and batched CTranslate2 (m-bain/whisperX)."""

from __future__ import annotations

import threading
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whisperx import asr

from unispeech.backends.base import NativeRun
from unispeech.backends.faster import FasterWhisper
from unispeech.errors import BackendError
from unispeech.models.facts import ModelFacts
from unispeech.options import LoadOptions, TranscribeOptions
from unispeech.types import Segment

if TYPE_CHECKING:
    from unispeech.types import Samples

BATCH = 8
"""What its command line decodes at once."""


class WhisperX(FasterWhisper):
    """`native` is whisperX; `batched` is this engine's own decoding of the same CTranslate2 model.

    whisperX holds its tokenizer and options on the pipeline while it works, so native calls are
    taken one after the other.
    """

    name = "whisperx"

    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        if options.compute_type == "default":
            options = replace(options, compute_type="float32")  # its own default on a CPU
        super().__init__(model, facts, options)
        self._lock = threading.Lock()
        device, _, number = options.device.replace("auto", "cpu").partition(":")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # pyannote's, about files that we never give it
                self._pipeline: Any = asr.load_model(
                    str(model),
                    device,
                    device_index=int(number or 0),
                    compute_type=options.compute_type,
                    language=None if facts.multilingual else next(iter(facts.languages)),
                    threads=options.threads or 4,
                    local_files_only=True,
                )
        except (RuntimeError, ValueError, OSError) as error:
            raise BackendError(f"whisperx: {error}") from error

    def transcribe_native(self, samples: Samples, options: TranscribeOptions) -> NativeRun:
        """`whisperx.load_model(...).transcribe`, with its own defaults for what is not given."""
        decode = options.decode
        given = {
            name: value
            for name in ("beam_size", "initial_prompt", "hotwords")
            if (value := getattr(decode, name)) is not None
        }
        with self._lock:
            usual = self._pipeline.options
            try:
                self._pipeline.options = replace(usual, **given)
                result = self._pipeline.transcribe(
                    samples, batch_size=BATCH, language=decode.language, task=decode.task
                )
            except (RuntimeError, ValueError, IndexError, OSError) as error:
                raise BackendError(f"whisperx: {error}") from error
            finally:
                self._pipeline.options = usual
        segments = (
            Segment(number, one["start"], one["end"], one["text"], avg_logprob=one["avg_logprob"])
            for number, one in enumerate(result["segments"])
        )
        return NativeRun(segments, result["language"])

    def close(self) -> None:
        super().close()
        self._pipeline = None

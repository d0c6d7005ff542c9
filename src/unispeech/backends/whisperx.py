"""whisperX: its own pipeline over pyannote's VAD and batched CTranslate2 (m-bain/whisperX)."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from whisperx import alignment, asr

from unispeech import languages
from unispeech.backends.base import NativeRun
from unispeech.backends.failures import wrapped
from unispeech.backends.faster import FasterWhisper, on_gpu
from unispeech.errors import BackendError
from unispeech.models.facts import ModelFacts
from unispeech.options import LoadOptions, TranscribeOptions
from unispeech.types import Samples, Segment, Word

BATCH = 8
"""Chunks decoded at once, as by its command line."""


class WhisperX(FasterWhisper):
    """`native` is whisperX; `batched` is this engine's own decoding of the same CTranslate2 model.

    whisperX holds its tokenizer and options on the pipeline while it works, so native calls are
    taken one after the other.
    """

    name = "whisperx"

    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        gpu = on_gpu(options)
        if options.compute_type == "default":  # as it would choose itself
            options = replace(options, compute_type="float16" if gpu else "float32")
        super().__init__(model, facts, options)
        self._lock = threading.Lock()
        self._device, number = "cuda" if gpu else "cpu", options.device.partition(":")[2]
        self._aligner = lru_cache(maxsize=2)(self._load_aligner)
        with wrapped(self.name), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pyannote's, about files that we never give it
            self._pipeline: Any = asr.load_model(
                str(model),
                self._device,
                device_index=int(number or 0),
                compute_type=options.compute_type,
                language=None if facts.multilingual else next(iter(facts.languages)),
                threads=options.threads or 4,
                local_files_only=True,
            )

    def transcribe_native(self, samples: Samples, options: TranscribeOptions) -> NativeRun:
        """`whisperx.load_model(...).transcribe`, with its own defaults for what is not given."""
        decode = options.decode
        given = {
            name: value
            for name in ("beam_size", "initial_prompt", "hotwords")
            if (value := getattr(decode, name)) is not None
        }
        with self._lock, wrapped(self.name):
            usual = self._pipeline.options
            try:
                self._pipeline.options = replace(usual, **given)
                result = self._pipeline.transcribe(
                    samples, batch_size=BATCH, language=decode.language, task=decode.task
                )
            finally:
                self._pipeline.options = usual
        segments = (
            Segment(number, one["start"], one["end"], one["text"], avg_logprob=one["avg_logprob"])
            for number, one in enumerate(result["segments"])
        )
        return NativeRun(segments, result["language"])

    def _load_aligner(self, language: str, model: str) -> Any:
        return alignment.load_align_model(
            language, self._device, model_name=model, model_cache_only=True
        )

    def align_native(
        self, samples: Samples, segments: Sequence[Segment], language: str, model: Path
    ) -> list[Segment]:
        """`whisperx.align`, which cuts the segments into sentences."""
        given = [{"start": s.start, "end": s.end, "text": s.text} for s in segments]
        with wrapped(self.name):
            loaded, metadata = self._aligner(language, str(model))
            try:
                found = alignment.align(given, loaded, metadata, samples, self._device)
            except LookupError as error:
                if isinstance(error, IndexError | KeyError):
                    raise
                raise BackendError(  # NLTK's own is a page long
                    "whisperx: its alignment wants NLTK's data punkt_tab, which cannot be fetched",
                    "put it where NLTK_DATA says, or use the strategy 'batched'",
                ) from error
        space = "" if languages.is_spaceless(language) else " "
        return [
            Segment(
                number, one["start"], one["end"], space + one["text"], _words(one, space),
                avg_logprob=_logprob(one, segments),
            )
            for number, one in enumerate(found["segments"])
        ]  # fmt: skip

    def close(self) -> None:
        super().close()
        self._pipeline = None


def _words(segment: Any, space: str) -> tuple[Word, ...]:
    """Its words; one without letters that the model knows gets the gap between its neighbours."""
    made: list[Word] = []
    for number, word in enumerate(segment["words"]):
        before = made[-1].end if made else segment["start"]
        later = (w["start"] for w in segment["words"][number + 1 :] if "start" in w)
        start = word.get("start", before)
        end = word.get("end", next(later, segment["end"]))
        made.append(Word(start, max(start, end), space + word["word"], word.get("score", 0.0)))
    return tuple(made)


def _logprob(sentence: Any, segments: Sequence[Segment]) -> float:
    """That of the segment which the sentence begins in."""
    inside = [s for s in segments if s.start <= sentence["start"]]
    return inside[-1].avg_logprob if inside else 0.0

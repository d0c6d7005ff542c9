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
"""Chunks decoded together: the default of whisperX's CLI."""


class WhisperX(FasterWhisper):
    """`native` is whisperX; `batched` decodes the same CTranslate2 model as `FasterWhisper` does.

    whisperX stores the tokenizer and options of a call on its pipeline, so native calls run one at
    a time.
    """

    name = "whisperx"

    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        gpu = on_gpu(options)
        if options.compute_type == "default":  # whisperX's own default
            options = replace(options, compute_type="float16" if gpu else "float32")
        super().__init__(model, facts, options)
        self._lock = threading.Lock()
        self._device, number = "cuda" if gpu else "cpu", options.device.partition(":")[2]
        self._aligner = lru_cache(maxsize=2)(self._load_aligner)
        with wrapped(self.name), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pyannote warns about reading files, which is unused
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
        """Run `whisperx.load_model(...).transcribe`; options left out get its own defaults."""
        decode = self.fit_prompt(options.decode)
        settings = {
            name: value
            for name in ("beam_size", "initial_prompt", "hotwords")
            if (value := getattr(decode, name)) is not None
        }
        with self._lock, wrapped(self.name):
            defaults = self._pipeline.options
            try:
                self._pipeline.options = replace(defaults, **settings)
                result = self._pipeline.transcribe(
                    samples, batch_size=BATCH, language=decode.language, task=decode.task
                )
            finally:
                self._pipeline.options = defaults
        segments = (
            Segment(number, row["start"], row["end"], row["text"], avg_logprob=row["avg_logprob"])
            for number, row in enumerate(result["segments"])
        )
        return NativeRun(segments, result["language"])

    def _load_aligner(self, language: str, model: str) -> Any:
        return alignment.load_align_model(
            language, self._device, model_name=model, model_cache_only=True
        )

    def align_native(
        self, samples: Samples, segments: Sequence[Segment], language: str, model: Path
    ) -> list[Segment]:
        """Run `whisperx.align`, which splits the segments into sentences."""
        texts = [{"start": s.start, "end": s.end, "text": s.text} for s in segments]
        with wrapped(self.name):
            loaded, metadata = self._aligner(language, str(model))
            try:
                result = alignment.align(texts, loaded, metadata, samples, self._device)
            except LookupError as error:
                if isinstance(error, IndexError | KeyError):
                    raise
                raise BackendError(  # NLTK's own message is a page long
                    "whisperx: alignment needs NLTK's data punkt_tab, which cannot be downloaded",
                    "put it into the folder NLTK_DATA, or use strategy='batched'",
                ) from error
        space = "" if languages.is_spaceless(language) else " "
        return [
            Segment(
                number, sentence["start"], sentence["end"], space + sentence["text"],
                _words(sentence, space), avg_logprob=_logprob(sentence, segments),
            )
            for number, sentence in enumerate(result["segments"])
        ]  # fmt: skip

    def close(self) -> None:
        super().close()
        self._pipeline = None


def _words(segment: Any, space: str) -> tuple[Word, ...]:
    """Return the words; those outside the aligner's alphabet get the gap between neighbours."""
    result: list[Word] = []
    for number, word in enumerate(segment["words"]):
        before = result[-1].end if result else segment["start"]
        later = (w["start"] for w in segment["words"][number + 1 :] if "start" in w)
        start = word.get("start", before)
        end = word.get("end", next(later, segment["end"]))
        result.append(Word(start, max(start, end), space + word["word"], word.get("score", 0.0)))
    return tuple(result)


def _logprob(sentence: Any, segments: Sequence[Segment]) -> float:
    """Return the log probability of the segment in which the sentence begins."""
    earlier = [s for s in segments if s.start <= sentence["start"]]
    return earlier[-1].avg_logprob if earlier else 0.0

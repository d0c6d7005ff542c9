"""faster-whisper: Whisper on CTranslate2 (SYSTRAN/faster-whisper, OpenNMT/CTranslate2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens, merge_punctuations

from unispeech.backends.base import Backend, NativeRun
from unispeech.errors import BackendError, ModelDamaged
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions, LoadOptions, TranscribeOptions
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, Segment, Word

if TYPE_CHECKING:
    from unispeech.types import Samples

TICK = 0.02
"""Seconds of one timestamp token."""
BEST_OF = 5
"""Samples drawn at a temperature above 0 (openai/whisper's default)."""
PREPENDED = "\"'“¿([{-"
APPENDED = "\"'.。,，!！?？:：”)]}、"


class FasterWhisper(Backend):
    """A CTranslate2 Whisper model. CTranslate2 is safe to call from several threads."""

    name = "faster"

    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        device, _, number = options.device.partition(":")
        try:
            self._model = WhisperModel(
                str(model),
                device=device,
                device_index=int(number or 0),
                compute_type=_compute_type(options),
                cpu_threads=options.threads or _cores(),
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            if "compute type" in str(error) or "CUDA" in str(error):
                raise BackendError(
                    f"faster: {error}", "choose another --compute-type or --device"
                ) from error
            raise ModelDamaged(f"faster cannot read the model {model}: {error}") from error

    @property
    def windows(self) -> tuple[float, ...]:
        return (30.0,)

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        try:
            results: list[ChunkResult | None] = [None] * len(chunks)
            for window in sorted({chunk.window for chunk in chunks}):
                places = [i for i, chunk in enumerate(chunks) if chunk.window == window]
                batch = [chunks[i] for i in places]
                for i, result in zip(places, self._decode(batch, window, options), strict=True):
                    results[i] = result
            return [result for result in results if result is not None]
        except (RuntimeError, ValueError) as error:
            raise BackendError(f"faster: {error}") from error

    def _decode(
        self, chunks: list[Chunk], window: float, options: DecodeOptions
    ) -> list[ChunkResult]:
        tokenizer = self._tokenizer(chunks[0].language, options.task)
        prompt = self._model.get_prompt(
            tokenizer,
            tokenizer.encode(" " + options.initial_prompt.strip())
            if options.initial_prompt
            else [],
            hotwords=options.hotwords,
        )
        encoded = self._model.encode(np.stack([self._features(chunk, window) for chunk in chunks]))
        outputs = self._model.model.generate(
            encoded,
            [prompt] * len(chunks),
            max_length=self._model.max_length,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
            return_scores=True,
            return_no_speech_prob=True,
            max_initial_timestamp_index=50,
            **_search(options),
        )
        segments = [
            _segments(tokenizer, output, chunk.duration)
            for chunk, output in zip(chunks, outputs, strict=True)
        ]
        if options.word_timestamps:
            segments = self._with_words(tokenizer, encoded, chunks, segments)
        return [ChunkResult(tuple(segment for segment, _ in pairs)) for pairs in segments]

    def _features(self, chunk: Chunk, window: float) -> Any:
        """Log-mel features of the chunk followed by silence up to the window, shape (mels, n)."""
        extract = self._model.feature_extractor
        size = round(window * SAMPLE_RATE)
        samples = np.zeros(size, np.float32)
        samples[: min(size, len(chunk.samples))] = chunk.samples[:size]
        return extract(samples, padding=0)[:, : size // extract.hop_length]

    def _tokenizer(self, language: str | None, task: str) -> Tokenizer:
        multilingual = self._model.model.is_multilingual
        return Tokenizer(
            self._model.hf_tokenizer, multilingual, task=task, language=language or "en"
        )

    def _with_words(
        self,
        tokenizer: Tokenizer,
        encoded: ctranslate2.StorageView,
        chunks: list[Chunk],
        segments: list[list[tuple[Segment, list[int]]]],
    ) -> list[list[tuple[Segment, list[int]]]]:
        alignments = self._model.find_alignment(
            tokenizer,
            [[token for _, tokens in pairs for token in tokens] for pairs in segments],
            encoded,
            [min(int(chunk.duration * 100), int(chunk.window * 100)) for chunk in chunks],
        )
        for alignment in alignments:
            merge_punctuations(alignment, PREPENDED, APPENDED)
        return [
            _timed(pairs, alignment) for pairs, alignment in zip(segments, alignments, strict=True)
        ]

    def transcribe_native(self, samples: Samples, options: TranscribeOptions) -> NativeRun:
        """`WhisperModel.transcribe` with its own defaults for whatever is not given."""
        decode = options.decode
        given: dict[str, Any] = {
            name: value
            for name in ("language", "beam_size", "temperature", "initial_prompt", "hotwords")
            if (value := getattr(decode, name)) is not None
        }
        try:
            segments, info = self._model.transcribe(
                samples,
                task=decode.task,
                word_timestamps=decode.word_timestamps,
                multilingual=options.language_per_chunk,
                **given,
            )
        except (RuntimeError, ValueError) as error:
            raise BackendError(f"faster: {error}") from error
        return NativeRun(_native(segments), info.language, info.language_probability)

    def detect_language(self, samples: Samples) -> tuple[str, float]:
        try:
            language, probability, _ = self._model.detect_language(samples)
        except (RuntimeError, ValueError) as error:
            raise BackendError(f"faster: {error}") from error
        return language, float(probability)

    def close(self) -> None:
        self._model.model.unload_model()


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _compute_type(options: LoadOptions) -> str:
    if options.compute_type != "default":
        return options.compute_type
    on_gpu = options.device.startswith("cuda") or (
        options.device == "auto" and ctranslate2.get_cuda_device_count() > 0
    )
    return "default" if on_gpu else "int8"


def _search(options: DecodeOptions) -> dict[str, Any]:
    temperature = options.temperatures[0]
    if temperature > 0:
        return {
            "beam_size": 1,
            "num_hypotheses": BEST_OF,
            "sampling_topk": 0,
            "sampling_temperature": temperature,
        }
    return {"beam_size": options.beam}


def _segments(
    tokenizer: Tokenizer, output: Any, duration: float
) -> list[tuple[Segment, list[int]]]:
    """Cut the tokens at pairs of timestamps (openai/whisper, transcribe.py), each with its tokens.

    Text after the last timestamp is kept: it ends with the chunk.
    """
    tokens: list[int] = output.sequences_ids[0]
    logprob = output.scores[0] * len(tokens) / (len(tokens) + 1)
    cut: list[tuple[float, float, list[int]]] = []
    start: float | None = None
    text: list[int] = []
    for token in tokens:
        if token < tokenizer.timestamp_begin:
            text.append(token)
            continue
        time = (token - tokenizer.timestamp_begin) * TICK
        if text:
            cut.append((start or 0.0, time, text))
            text, start = [], None
        else:
            start = time
    if text:
        cut.append((start or (cut[-1][1] if cut else 0.0), duration, text))
    return [
        (
            Segment(
                id=0,
                start=start,
                end=end,
                text=tokenizer.decode(text),
                avg_logprob=logprob,
                no_speech_prob=output.no_speech_prob,
            ),
            [token for token in text if token < tokenizer.eot],
        )
        for start, end, text in cut
    ]


def _timed(
    pairs: list[tuple[Segment, list[int]]], alignment: list[dict[str, Any]]
) -> list[tuple[Segment, list[int]]]:
    """Deal the aligned words out to the segments whose tokens they are."""
    from dataclasses import replace

    timed: list[tuple[Segment, list[int]]] = []
    at = 0
    for segment, tokens in pairs:
        words: list[Word] = []
        taken = 0
        while at < len(alignment) and taken < len(tokens):
            word = alignment[at]
            taken += len(word["tokens"])
            at += 1
            if word["word"]:
                words.append(
                    Word(
                        float(word["start"]),
                        float(word["end"]),
                        word["word"],
                        float(word["probability"]),
                    )
                )
        if words:
            segment = replace(segment, start=words[0].start, end=words[-1].end, words=tuple(words))
        timed.append((segment, tokens))
    return timed


def _native(segments: Any) -> Iterator[Segment]:
    try:
        for segment in segments:
            yield Segment(
                id=segment.id - 1,
                start=segment.start,
                end=segment.end,
                text=segment.text,
                words=tuple(
                    Word(w.start, w.end, w.word, w.probability) for w in segment.words or ()
                ),
                avg_logprob=segment.avg_logprob,
                no_speech_prob=segment.no_speech_prob,
            )
    except (RuntimeError, ValueError) as error:
        raise BackendError(f"faster: {error}") from error

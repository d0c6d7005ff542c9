"""openai-whisper: the reference implementation, on PyTorch (openai/whisper)."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import whisper
from whisper.timing import add_word_timestamps
from whisper.tokenizer import Tokenizer, get_tokenizer

from unispeech.backends import pytorch
from unispeech.backends.base import NativeRun
from unispeech.backends.failures import wrapped
from unispeech.backends.serial import SerialBackend
from unispeech.backends.whisper import prompt
from unispeech.backends.whisper import spoken as detection
from unispeech.errors import BackendError, ModelDamaged
from unispeech.models.convert import openai as checkpoint
from unispeech.models.convert.openai_defaults import Heads
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions, LoadOptions, TranscribeOptions
from unispeech.types import Chunk, ChunkResult, LanguageScore, Samples, Segment, Word

BEST_OF = 5
"""Hypotheses sampled at a temperature above 0 (the default of openai-whisper's CLI)."""


class OpenAIWhisper(SerialBackend):
    """A Whisper model in PyTorch."""

    name = "openai"
    # One lock for the process: the library attaches its cache to the model with hooks, and toggles
    # fused attention for all models while it aligns words.
    _lock = threading.Lock()

    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        device = pytorch.device_of(self.name, options.device)
        precision = pytorch.precision_of(self.name, options, device)
        self._threads = options.threads
        self._half = precision == "float16"
        with wrapped(f"openai cannot read the model {model}", error_class=ModelDamaged):
            self._model = whisper.load_model(str(model), device=device)
        _set_alignment_heads(self._model, checkpoint.alignment_heads(model))
        if precision == "int8":
            self._model = _quantised(self._model)

    def fit_prompt(self, options: DecodeOptions) -> DecodeOptions:
        if not options.initial_prompt:
            return options
        with self._running() as model:
            tokenizer = get_tokenizer(model.is_multilingual)
            return prompt.fit(options, lambda text: len(tokenizer.encode(text)))

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        options = self.fit_prompt(options)
        with self._running() as model:
            mels = torch.stack([self._mel(chunk.samples) for chunk in chunks])
            encoded = model.embed_audio(mels.half() if self._half else mels)
            scores = _language_scores(model, encoded, chunks)
            languages = detection.languages(chunks, scores)
            results: dict[int, ChunkResult] = {}
            for language in dict.fromkeys(languages):
                rows = [row for row, other in enumerate(languages) if other == language]
                settings = whisper.DecodingOptions(
                    task=options.task,
                    language=language or "en",
                    prompt=options.initial_prompt,
                    without_timestamps=True,
                    fp16=self._half,
                    **_search(options),
                )
                tokenizer = _tokenizer(model, settings)
                decoded = _decode(model, encoded[rows], settings)
                for row, text in zip(rows, decoded, strict=True):
                    results[row] = self._result(
                        model, tokenizer, chunks[row], mels[row], text, options.word_timestamps
                    )
            return [replace(results[row], languages=scores[row]) for row in range(len(chunks))]

    def _mel(self, samples: Samples) -> torch.Tensor:
        """Return log-mel features of up to 30 s, padded with silence: shape (mels, 3000)."""
        padded = whisper.pad_or_trim(torch.from_numpy(samples.copy()))
        mel: torch.Tensor = whisper.log_mel_spectrogram(padded, self._model.dims.n_mels)
        return mel.to(self._model.device)

    def _result(
        self,
        model: Any,
        tokenizer: Tokenizer,
        chunk: Chunk,
        mel: torch.Tensor,
        decoded: whisper.DecodingResult,
        with_words: bool,
    ) -> ChunkResult:
        """Return the text of a chunk as one segment, in the shape of `whisper.transcribe`."""
        segment: dict[str, Any] = {
            "seek": 0,
            "start": 0.0,
            "end": chunk.duration,
            "text": tokenizer.decode(decoded.tokens),
            "tokens": decoded.tokens,
            "avg_logprob": decoded.avg_logprob,
            "no_speech_prob": decoded.no_speech_prob,
        }
        if with_words:
            add_word_timestamps(
                segments=[segment],
                model=model,
                tokenizer=tokenizer,
                mel=mel.half() if self._half else mel,
                num_frames=min(round(chunk.duration * 100), mel.shape[-1]),
                last_speech_timestamp=0.0,
            )
        return ChunkResult((_segment(0, segment),))

    def transcribe_native(self, samples: Samples, options: TranscribeOptions) -> NativeRun:
        """Run `whisper.transcribe`; options left out get its own defaults."""
        decode = self.fit_prompt(options.decode)
        settings: dict[str, Any] = {
            name: value
            for name in ("language", "beam_size", "temperature", "initial_prompt")
            if (value := getattr(decode, name)) is not None
        }
        with self._running() as model:
            result = whisper.transcribe(
                model,
                samples,
                task=decode.task,
                word_timestamps=decode.word_timestamps,
                fp16=self._half,
                **settings,
            )
        segments = (_segment(i, segment) for i, segment in enumerate(result["segments"]))
        return NativeRun(segments, result["language"])

    def detect_language(self, samples: Samples) -> tuple[str, float]:
        with self._running() as model:
            mel = self._mel(samples)
            _, probabilities = model.detect_language(mel.half() if self._half else mel)
        language = max(probabilities, key=probabilities.__getitem__)
        return language, float(probabilities[language])

    @contextmanager
    def _running(self) -> Iterator[Any]:
        with super()._running() as model, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytorch.inference(self._threads):
                yield model


def _set_alignment_heads(model: Any, heads: Heads) -> None:
    """Set the attention heads that align with words.

    The library looks them up by the names of its own downloads. For other files it uses all heads
    of the upper half of the layers.
    """
    dims = model.dims
    mask = torch.zeros(dims.n_text_layer, dims.n_text_head, dtype=torch.bool)
    mask[tuple(zip(*heads, strict=True))] = True
    sparse = mask.to(model.device).to_sparse()
    model.register_buffer("alignment_heads", sparse, persistent=False)


def _quantised(model: Any) -> Any:
    """Quantise the Linear layers to int8 (as MiscellaneousStuff/openai-whisper-cpu does).

    PyTorch quantises only its own Linear class, so Whisper's subclass is replaced first. The
    subclass only casts weights to the input's type, and here both have the same type.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from torch.ao.quantization import quantize_dynamic
        except ImportError as error:
            raise BackendError(
                "openai: this PyTorch has no dynamic quantisation", "use compute_type='float32'"
            ) from error
        for module in model.modules():
            if isinstance(module, whisper.model.Linear):
                module.__class__ = torch.nn.Linear
        quantise: Any = quantize_dynamic
        return quantise(model, {torch.nn.Linear}, dtype=torch.qint8, inplace=True)


def _language_scores(
    model: Any, encoded: torch.Tensor, chunks: Sequence[Chunk]
) -> list[tuple[LanguageScore, ...]]:
    tokenizer = get_tokenizer(model.is_multilingual, num_languages=model.num_languages)
    codes, columns = tokenizer.all_language_codes, list(tokenizer.all_language_tokens)

    def detect(parts: Sequence[detection.Part]) -> list[dict[str, float]]:
        audio = torch.stack([encoded[part] for part in parts])
        start = torch.full((len(parts), 1), tokenizer.sot, device=audio.device)
        probabilities = model.logits(start, audio)[:, 0, columns].float().softmax(-1)
        return [dict(zip(codes, row, strict=True)) for row in probabilities.tolist()]

    return detection.scores(detect, chunks, model.is_multilingual)


def _decode(
    model: Any, encoded: torch.Tensor, settings: whisper.DecodingOptions
) -> list[whisper.DecodingResult]:
    """Decode all chunks at once; one at a time with several hypotheses, which it cannot batch."""
    if (settings.beam_size or settings.best_of or 1) == 1:
        results: list[whisper.DecodingResult] = model.decode(encoded, settings)
        return results
    return [model.decode(row, settings) for row in encoded]


def _search(options: DecodeOptions) -> dict[str, Any]:
    temperature = options.temperatures[0]
    if temperature > 0:
        return {"temperature": temperature, "best_of": BEST_OF}
    return {"beam_size": options.beam if options.beam > 1 else None}


def _tokenizer(model: Any, settings: whisper.DecodingOptions) -> Tokenizer:
    return get_tokenizer(
        model.is_multilingual,
        num_languages=model.num_languages,
        language=settings.language,
        task=settings.task,
    )


def _segment(number: int, segment: dict[str, Any]) -> Segment:
    return Segment(
        id=number,
        start=float(segment["start"]),
        end=float(segment["end"]),
        text=segment["text"],
        words=tuple(
            Word(float(w["start"]), float(w["end"]), w["word"], float(w["probability"]))
            for w in segment.get("words", ())
        ),
        avg_logprob=float(segment["avg_logprob"]),
        no_speech_prob=float(segment["no_speech_prob"]),
    )

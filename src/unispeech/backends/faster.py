"""faster-whisper: Whisper on CTranslate2 (SYSTRAN/faster-whisper, OpenNMT/CTranslate2)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock, Semaphore
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

from unispeech.backends.base import Backend, NativeRun
from unispeech.backends.whisper import (
    bfloat16_encoder,
    bounds,
    decoder_only,
    faster_results,
    prompt,
)
from unispeech.backends.whisper import spoken as detection
from unispeech.backends.whisper.bfloat16_encoder import Encoder
from unispeech.errors import BackendError, ModelDamaged, UnispeechError
from unispeech.features.logmel import log_mel
from unispeech.models.facts import ModelFacts
from unispeech.models.formats.ctranslate2 import dimensions
from unispeech.options import DecodeOptions, LoadOptions, TranscribeOptions
from unispeech.system import allocator, memory
from unispeech.system.cores import cores
from unispeech.types import Chunk, ChunkResult, Floats, LanguageScore, Samples

WINDOWS = (12.0, 15.0, 17.5, 20.0, 25.0, 30.0)
"""Seconds. The encoder's cost grows faster than its window. Shorter windows, or more of them, make
the text worse (decision 0023)."""
FEWER_WINDOWS = (20.0, 25.0, 30.0)
"""Seconds. In bfloat16 a longer window costs little more, and chunks with the same window share
batches. All but the tiny models are slightly more accurate with these windows
(decision 0023)."""
TINY_CHUNKS = 20.0
"""Seconds. Shorter chunks cost the tiny models less on a CPU, at the same accuracy; larger models
lose accuracy (decision 0023)."""
TINY_WIDTH = 384
"""Encoder width of the tiny models; the base models have 512."""
BEST_OF = 5
"""Hypotheses sampled at a temperature above 0 (openai/whisper's default)."""
BFLOAT16 = "int8_bfloat16"
"""On a CPU: the decoder in int8, the encoder in bfloat16 (`whisper.bfloat16_encoder`)."""
SEED = 0
"""Random seed of every chunk, so that sampling at a temperature is repeatable."""
LOADING = Lock()
"""Held while a model loads, so that the next one is checked against the memory that is left."""


class FasterWhisper(Backend):
    """A CTranslate2 Whisper model. CTranslate2 is safe to call from several threads.

    On a CPU a batch is split among single-threaded workers, which share the weights: they use the
    cores far better than one worker with several threads (decision 0024).
    """

    name = "faster"

    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        self._gpu = on_gpu(options)
        self._workers = 1 if self._gpu else options.threads or cores()
        # While every worker decodes, as many threads again compute the next features.
        self._threads = ThreadPoolExecutor(2 * self._workers, "unispeech-faster")
        self._free_workers = Semaphore(self._workers)
        self._lock = Lock()
        self._calls = 0  # in progress
        self._path = model
        self._options = options
        self._facts = facts
        try:
            dims = dimensions(model / "model.bin")
            self._tiny = dims.n_audio_state <= TINY_WIDTH
            self._need = bounds.Need(dims, (model / "model.bin").stat().st_size)
            with LOADING:
                self._load_halves()
            self._max_batch = (
                math.inf
                if self._gpu
                else bounds.batch_seconds(dims, self._workers, memory.available())
            )
        except UnispeechError:
            raise
        except (RuntimeError, ValueError, OSError) as error:
            if "CUDA" in str(error):
                raise BackendError("faster: no usable CUDA device", "use device='cpu'") from error
            if "compute type" in str(error):
                raise BackendError(
                    f"faster: {error}", "choose another compute_type or device"
                ) from error
            raise ModelDamaged(f"faster cannot read the model {model}: {error}") from error

    def _load_halves(self) -> None:
        """Load the encoder and the decoder, which take equally long, in parallel."""
        self._encoder: Encoder | None = None
        self._decoder_only = False
        if not self._uses_bfloat16():
            self._model = self._load(self._path)
            return
        encoder = self._threads.submit(Encoder, self._path, self._workers)
        with decoder_only.folder(self._path) as folder:
            self._model = self._load(folder)
            self._decoder_only = folder != self._path
        self._encoder = encoder.result()

    def _load(self, folder: Path) -> _Model:
        device, _, number = self._options.device.partition(":")
        model = _Model(
            str(folder),
            device=device,
            device_index=int(number or 0),
            compute_type=_compute_type(self._options),
            cpu_threads=1,
            num_workers=self._workers,
            local_files_only=True,
        )
        allocator.trim()
        return model

    def _uses_bfloat16(self) -> bool:
        """Return True to run the encoder in bfloat16: if the options allow it, the processor
        supports it, and it fits into memory.

        Raises:
            BackendError: the requested compute type is unsupported or does not fit.
        """
        if self._gpu:
            return False
        requested, name, need = self._options.compute_type, self._facts.name, self._need
        allocator.trim()  # an unloaded model leaves free memory in the heap
        free, with_swap = memory.available(), memory.with_swap()
        if requested in ("default", BFLOAT16) and bfloat16_encoder.is_available():
            return bounds.fits_bfloat16(name, need, free, with_swap, requested == BFLOAT16)
        if requested == BFLOAT16:
            raise BackendError(
                f"faster: {BFLOAT16} needs a processor with bfloat16, and openvino",
                "use compute_type='int8'",
            )
        required = need.ctranslate2(_compute_type(self._options))
        bounds.check(name, required, need.ctranslate2("int8"), with_swap)
        return False

    @property
    def windows(self) -> tuple[float, ...]:
        return FEWER_WINDOWS if self._encoder and not self._tiny else WINDOWS

    @property
    def chunk_length(self) -> float:
        return TINY_CHUNKS if self._tiny and not self._gpu else 30.0

    def fit_prompt(self, options: DecodeOptions) -> DecodeOptions:
        return prompt.fit(options, self._token_count)

    def _token_count(self, text: str) -> int:
        return len(self._tokenizer(None, "transcribe").encode(text))

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        options = self.fit_prompt(options)
        results: dict[int, ChunkResult] = {}
        with self._call() as share_count:
            shares = _shares(chunks, share_count, self._max_batch)
            if options.temperatures[0] > 0:
                shares = [[i] for share in shares for i in share]
            try:
                decoded = self._threads.map(
                    lambda share: self._decode([chunks[i] for i in share], options), shares
                )
                for share, share_results in zip(shares, decoded, strict=True):
                    results.update(zip(share, share_results, strict=True))
            except (RuntimeError, ValueError, OSError) as error:
                raise BackendError(f"faster: {error}") from error
        return [results[i] for i in range(len(chunks))]

    def _decode(self, chunks: list[Chunk], options: DecodeOptions) -> list[ChunkResult]:
        """Decode chunks with the same window. Detects their languages if they have none."""
        window = chunks[0].window
        filters = self._model.feature_extractor.mel_filters
        features = [log_mel(chunk.samples, filters, window) for chunk in chunks]
        with self._free_workers:  # a waiting batch holds only its features in memory
            encoded = self._encode(features)
            scores = self._language_scores(encoded, chunks)
            tokenizers = [
                self._tokenizer(language, options.task)
                for language in detection.languages(chunks, scores)
            ]
            outputs = self._generator(options).generate(
                encoded,
                [self._prompt(tokenizer, options) for tokenizer in tokenizers],
                max_length=self._model.max_length,
                suppress_tokens=get_suppressed_tokens(tokenizers[0], [-1]),
                return_scores=True,
                return_no_speech_prob=True,
                **_search(options),
            )
            alignments = self._align(tokenizers, outputs, encoded, chunks, options)
        segments = [
            faster_results.segment(tokenizer, output, chunk)
            for tokenizer, output, chunk in zip(tokenizers, outputs, chunks, strict=True)
        ]
        if options.word_timestamps:
            segments = [
                replace(segment, words=faster_results.words(alignment))
                for segment, alignment in zip(segments, alignments, strict=True)
            ]
        return [
            ChunkResult((segment,), languages=chunk_scores)
            for segment, chunk_scores in zip(segments, scores, strict=True)
        ]

    def _prompt(self, tokenizer: Tokenizer, options: DecodeOptions) -> list[int]:
        text = options.initial_prompt
        return self._model.get_prompt(
            tokenizer,
            tokenizer.encode(" " + text.strip()) if text else [],
            hotwords=options.hotwords,
            without_timestamps=True,
        )

    def _language_scores(
        self, encoded: ctranslate2.StorageView, chunks: list[Chunk]
    ) -> list[tuple[LanguageScore, ...]]:
        def detect(parts: Sequence[detection.Part]) -> list[dict[str, float]]:
            rows = np.asarray(encoded.to_device(ctranslate2.Device.cpu) if self._gpu else encoded)
            view = ctranslate2.StorageView.from_array(np.stack([rows[part] for part in parts]))
            detected = self._model.model.detect_language(view)
            return [{token[2:-2]: score for token, score in part} for part in detected]

        return detection.scores(detect, chunks, self._model.model.is_multilingual)

    def _align(
        self,
        tokenizers: list[Tokenizer],
        outputs: list[Any],
        encoded: ctranslate2.StorageView,
        chunks: list[Chunk],
        options: DecodeOptions,
    ) -> list[list[dict[str, Any]]]:
        if not options.word_timestamps:
            return []
        end = tokenizers[0].eot
        text_tokens = [[t for t in out.sequences_ids[0] if t < end] for out in outputs]
        lengths = [round(chunk.duration * 100) for chunk in chunks]
        align = self._model.find_alignment
        if len({tokenizer.language_code for tokenizer in tokenizers}) == 1:
            return list(align(tokenizers[0], text_tokens, encoded, lengths))
        rows = np.asarray(encoded.to_device(ctranslate2.Device.cpu) if self._gpu else encoded)
        return [
            align(tokenizer, [tokens], ctranslate2.StorageView.from_array(row[None]), [length])[0]
            for tokenizer, tokens, row, length in zip(
                tokenizers, text_tokens, rows, lengths, strict=True
            )
        ]

    @contextmanager
    def _call(self) -> Iterator[int]:
        """Register a call, and yield the number of parts to split it into.

        One part per worker, which concurrent calls share. More parts would be slower,
        since every decoder step reads all weights, however few rows it has
        (decision 0024).
        """
        with self._lock:
            self._calls += 1
            share_count = -(-self._workers // self._calls)
        try:
            yield share_count
        finally:
            with self._lock:
                self._calls -= 1

    def _encode(self, features: list[Floats]) -> ctranslate2.StorageView:
        """Encode features; on a CPU one chunk at a time.

        A batch is slower there: its attention matrices exceed the blocks that malloc reuses, so
        the kernel zeroes new pages for every layer (decision 0024).
        """
        if self._encoder:
            encoded = [self._encoder(chunk_features) for chunk_features in features]
        elif self._gpu or len(features) == 1:
            return self._model.encode(np.stack(features))
        else:
            encoded = [np.asarray(self._model.encode(chunk[None])) for chunk in features]
        return ctranslate2.StorageView.from_array(np.concatenate(encoded))

    def _generator(self, options: DecodeOptions) -> Any:
        """Return the model to decode with; for sampling on a CPU, a copy for this call.

        CTranslate2 seeds the random numbers of a worker once, so the text would depend on the
        worker's earlier samples. Making a copy takes about as long as decoding a chunk, and is
        rarely needed.
        """
        model = self._model.model
        if options.temperatures[0] == 0 or self._gpu:
            return model
        ctranslate2.set_random_seed(SEED)
        with decoder_only.folder(self._path) as folder:
            return ctranslate2.models.Whisper(
                str(folder), device="cpu", compute_type=model.compute_type, intra_threads=1
            )

    def _tokenizer(self, language: str | None, task: str) -> Tokenizer:
        multilingual = self._model.model.is_multilingual
        return Tokenizer(
            self._model.hf_tokenizer, multilingual, task=task, language=language or "en"
        )

    def transcribe_native(self, samples: Samples, options: TranscribeOptions) -> NativeRun:
        """Run `WhisperModel.transcribe`; options left out get its own defaults."""
        decode = self.fit_prompt(options.decode)
        settings: dict[str, Any] = {
            name: value
            for name in ("language", "beam_size", "temperature", "initial_prompt", "hotwords")
            if (value := getattr(decode, name)) is not None
        }
        try:
            segments, info = self._whole_model().transcribe(
                samples,
                task=decode.task,
                word_timestamps=decode.word_timestamps,
                multilingual=options.language_per_chunk,
                **settings,
            )
        except (RuntimeError, ValueError) as error:
            raise BackendError(f"faster: {error}") from error
        return NativeRun(faster_results.native(segments), info.language, info.language_probability)

    def _whole_model(self) -> _Model:
        """Return a model with CTranslate2's own encoder, which replaces one without."""
        with LOADING:
            if self._decoder_only:
                need = self._need.ctranslate2("int8")
                bounds.check(self._facts.name, need, need, memory.with_swap())
                self._model = self._load(self._path)
                self._decoder_only = False
        return self._model

    def detect_language(self, samples: Samples) -> tuple[str, float]:
        features = log_mel(samples, self._model.feature_extractor.mel_filters, 30.0)
        try:
            with self._free_workers:
                detected = self._model.model.detect_language(self._encode([features]))
        except (RuntimeError, ValueError) as error:
            raise BackendError(f"faster: {error}") from error
        token, probability = detected[0][0]
        return token[2:-2], float(probability)

    def close(self) -> None:
        self._threads.shutdown()
        self._model.model.unload_model()
        self._encoder = None


class _Model(WhisperModel):  # type: ignore[misc]
    """faster-whisper's model, whose prompts always leave half the context to the text.

    The library limits the hotwords and the preceding text to half the context each, so that long
    hotwords leave no room for the text of a window.
    """

    def get_prompt(
        self,
        tokenizer: Tokenizer,
        previous_tokens: list[int],
        without_timestamps: bool = False,
        prefix: str | None = None,
        hotwords: str | None = None,
    ) -> list[int]:
        if hotwords:
            room = prompt.LIMIT - len(tokenizer.encode(" " + hotwords.strip()))
            previous_tokens = previous_tokens[-room:] if room > 0 else []
        tokens: list[int] = super().get_prompt(
            tokenizer, previous_tokens, without_timestamps, prefix, hotwords
        )
        return tokens


def _shares(chunks: Sequence[Chunk], share_count: int, max_seconds: float) -> list[list[int]]:
    """Return the indices of chunks to decode together.

    The chunks with the same window are split evenly into at most `share_count` shares, or more if
    a share would exceed `max_seconds` of windows.
    """
    shares = []
    for window in sorted({chunk.window for chunk in chunks}):
        indices = [i for i, chunk in enumerate(chunks) if chunk.window == window]
        count = max(min(share_count, len(indices)), math.ceil(len(indices) * window / max_seconds))
        shares += [indices[start::count] for start in range(count)]
    return shares


def _compute_type(options: LoadOptions) -> str:
    """Return the compute type to request from CTranslate2."""
    if options.compute_type == "default":
        return "default" if on_gpu(options) else "int8"
    if options.compute_type == BFLOAT16 and not on_gpu(options):
        return "int8"  # the bfloat16 encoder does not run in CTranslate2
    return options.compute_type


def on_gpu(options: LoadOptions) -> bool:
    """Return True if the requested device is a GPU; `auto` is a GPU if CUDA has a device."""
    return options.device.startswith("cuda") or (
        options.device == "auto" and ctranslate2.get_cuda_device_count() > 0
    )


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

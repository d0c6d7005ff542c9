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
from unispeech.backends.whisper import bfloat16_encoder, faster_results
from unispeech.backends.whisper.bfloat16_encoder import Encoder
from unispeech.errors import BackendError, ModelDamaged, UnispeechError
from unispeech.features.logmel import log_mel
from unispeech.models.facts import ModelFacts
from unispeech.models.formats.ctranslate2 import dimensions
from unispeech.options import DecodeOptions, LoadOptions, TranscribeOptions
from unispeech.system.cores import cores
from unispeech.types import Chunk, ChunkResult, Floats, Samples

WINDOWS = (12.0, 15.0, 17.5, 20.0, 25.0, 30.0)
"""Seconds. The encoder's cost grows faster than its window; in shorter or more tightly fitting ones
the text gets worse (decision 0023)."""
FEWER_WINDOWS = (20.0, 25.0, 30.0)
"""Seconds. In bfloat16 a longer window costs little more, and chunks of like windows share batches;
all but the tiny models make slightly fewer errors with them (decision 0023)."""
TINY_CHUNKS = 20.0
"""Seconds. The tiny models make no more errors in shorter chunks, which cost less on a CPU; larger
models do (decision 0023)."""
TINY_WIDTH = 384
"""Numbers to a frame of the encoder in the tiny models; the base ones have 512."""
BEST_OF = 5
"""Samples drawn at a temperature above 0 (openai/whisper's default)."""
AT_ONCE = 160.0
"""Seconds of windows that a worker decodes together. For each it holds the keys and values of what
was heard: 0.6 MB for the tiny models, 1.2 for the base ones, 16 for the large. Not on a GPU."""
BFLOAT16 = "int8_bfloat16"
"""On a CPU: a decoder in int8, and an encoder in bfloat16 (`encoder.py`)."""
SEED = 0
"""Sampling at a temperature is repeatable: every chunk is drawn from the same numbers."""


class FasterWhisper(Backend):
    """A CTranslate2 Whisper model. CTranslate2 is safe to call from several threads.

    On a CPU a batch is shared among one-thread workers, which share the weights: they get far more
    out of the cores than one worker with several threads (decision 0024).
    """

    name = "faster"

    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        device, _, number = options.device.partition(":")
        self._gpu = on_gpu(options)
        self._workers = 1 if self._gpu else options.threads or cores()
        # While every worker decodes, as many threads make the features of what comes next.
        self._threads = ThreadPoolExecutor(2 * self._workers, "unispeech-faster")
        self._turns = Semaphore(self._workers)
        self._lock = Lock()
        self._calls = 0  # under way
        self._path = str(model)
        try:  # the encoder and the model load side by side: both take as long
            self._tiny = dimensions(model / "model.bin").n_audio_state <= TINY_WIDTH
            encoder = self._threads.submit(self._own_encoder, model, options)
            self._model = WhisperModel(
                str(model),
                device=device,
                device_index=int(number or 0),
                compute_type=_compute_type(options),
                cpu_threads=1,
                num_workers=self._workers,
                local_files_only=True,
            )
            self._encoder = encoder.result()
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

    def _own_encoder(self, model: Path, options: LoadOptions) -> Encoder | None:
        """Another encoder than CTranslate2's, where it is wanted and there is a better one."""
        if self._gpu or options.compute_type not in ("default", BFLOAT16):
            return None
        if bfloat16_encoder.possible():
            return Encoder(model, self._workers)
        if options.compute_type == BFLOAT16:
            raise BackendError(
                "faster: this processor has no bfloat16, or openvino is not installed",
                "use compute_type='int8'",
            )
        return None

    @property
    def windows(self) -> tuple[float, ...]:
        return FEWER_WINDOWS if self._encoder and not self._tiny else WINDOWS

    @property
    def chunk_length(self) -> float:
        return TINY_CHUNKS if self._tiny and not self._gpu else 30.0

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        results: dict[int, ChunkResult] = {}
        with self._call() as parts:
            shares = _shares(chunks, parts, math.inf if self._gpu else AT_ONCE)
            if options.temperatures[0] > 0:
                shares = [[i] for share in shares for i in share]
            try:
                decoded = self._threads.map(
                    lambda s: self._decode([chunks[i] for i in s], options), shares
                )
                for share, answers in zip(shares, decoded, strict=True):
                    results.update(zip(share, answers, strict=True))
            except (RuntimeError, ValueError) as error:
                raise BackendError(f"faster: {error}") from error
        return [results[i] for i in range(len(chunks))]

    def _decode(self, chunks: list[Chunk], options: DecodeOptions) -> list[ChunkResult]:
        """Chunks of one window."""
        window = chunks[0].window
        tokenizer = self._tokenizer(chunks[0].language, options.task)
        prompt = self._model.get_prompt(
            tokenizer,
            tokenizer.encode(" " + options.initial_prompt.strip())
            if options.initial_prompt
            else [],
            hotwords=options.hotwords,
            without_timestamps=True,
        )
        filters = self._model.feature_extractor.mel_filters
        features = [log_mel(chunk.samples, filters, window) for chunk in chunks]
        with self._turns:  # what waits for a worker holds its features and no more
            encoded = self._encode(features)
            outputs = self._generator(options).generate(
                encoded,
                [prompt] * len(chunks),
                max_length=self._model.max_length,
                suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
                return_scores=True,
                return_no_speech_prob=True,
                **_search(options),
            )
            alignments = self._align(tokenizer, outputs, encoded, chunks, options)
        segments = [
            faster_results.segment(tokenizer, output, chunk)
            for output, chunk in zip(outputs, chunks, strict=True)
        ]
        if options.word_timestamps:
            segments = [
                replace(segment, words=faster_results.words(alignment))
                for segment, alignment in zip(segments, alignments, strict=True)
            ]
        return [ChunkResult((segment,)) for segment in segments]

    def _align(
        self,
        tokenizer: Tokenizer,
        outputs: list[Any],
        encoded: ctranslate2.StorageView,
        chunks: list[Chunk],
        options: DecodeOptions,
    ) -> list[list[dict[str, Any]]]:
        if not options.word_timestamps:
            return []
        said = [[t for t in out.sequences_ids[0] if t < tokenizer.eot] for out in outputs]
        lengths = [round(chunk.duration * 100) for chunk in chunks]
        alignments: list[list[dict[str, Any]]] = self._model.find_alignment(
            tokenizer, said, encoded, lengths
        )
        return alignments

    @contextmanager
    def _call(self) -> Iterator[int]:
        """How many parts to cut a call into: as many as there are workers for it.

        A call that is alone has all of them, of several each has some. No more parts than that,
        since every step of the decoder reads all weights, however few rows it has (decision 0024).
        """
        with self._lock:
            self._calls += 1
            parts = -(-self._workers // self._calls)
        try:
            yield parts
        finally:
            with self._lock:
                self._calls -= 1

    def _encode(self, features: list[Floats]) -> ctranslate2.StorageView:
        """What the encoder hears in each. On a CPU one by one, which is faster than together: the
        attention of several is larger than what malloc keeps, and the kernel clears it anew for
        every layer (decision 0024)."""
        if self._encoder:
            encoded = [self._encoder(one) for one in features]
        elif self._gpu or len(features) == 1:
            return self._model.encode(np.stack(features))
        else:
            encoded = [np.asarray(self._model.encode(one[None])) for one in features]
        return ctranslate2.StorageView.from_array(np.concatenate(encoded))

    def _generator(self, options: DecodeOptions) -> Any:
        """What decodes: to draw a sample on a CPU, a copy of the model for this one time.

        A worker of CTranslate2 draws from numbers that are seeded once in its life, so another
        text would come out of a worker that had drawn before. A copy takes about as long as
        decoding a chunk, and is rarely wanted.
        """
        model = self._model.model
        if options.temperatures[0] == 0 or self._gpu:
            return model
        ctranslate2.set_random_seed(SEED)
        return ctranslate2.models.Whisper(
            self._path, device="cpu", compute_type=model.compute_type, intra_threads=1
        )

    def _tokenizer(self, language: str | None, task: str) -> Tokenizer:
        multilingual = self._model.model.is_multilingual
        return Tokenizer(
            self._model.hf_tokenizer, multilingual, task=task, language=language or "en"
        )

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
        return NativeRun(faster_results.native(segments), info.language, info.language_probability)

    def detect_language(self, samples: Samples) -> tuple[str, float]:
        try:
            language, probability, _ = self._model.detect_language(samples)
        except (RuntimeError, ValueError) as error:
            raise BackendError(f"faster: {error}") from error
        return language, float(probability)

    def close(self) -> None:
        self._threads.shutdown()
        self._model.model.unload_model()
        self._encoder = None


def _shares(chunks: Sequence[Chunk], parts: int, most: float) -> list[list[int]]:
    """The places of chunks to decode together: of one window, in at most so many even parts, or in
    more where one would have more than `most` seconds of windows."""
    shares = []
    for window in sorted({chunk.window for chunk in chunks}):
        alike = [i for i, chunk in enumerate(chunks) if chunk.window == window]
        cut = max(min(parts, len(alike)), math.ceil(len(alike) * window / most))
        shares += [alike[start::cut] for start in range(cut)]
    return shares


def _compute_type(options: LoadOptions) -> str:
    """What CTranslate2 is asked for."""
    if options.compute_type == "default":
        return "default" if on_gpu(options) else "int8"
    if options.compute_type == BFLOAT16 and not on_gpu(options):
        return "int8"  # the encoder is not CTranslate2's
    return options.compute_type


def on_gpu(options: LoadOptions) -> bool:
    """Whether the device that is asked for is a GPU; `auto` is one where there is one."""
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

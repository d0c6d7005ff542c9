"""whisper.cpp: Whisper in C++ on ggml, through pywhispercpp (ggml-org/whisper.cpp)."""

from __future__ import annotations

import ctypes
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import _pywhispercpp as pw
import numpy as np

from unispeech.backends.base import NativeRun
from unispeech.backends.serial import SerialBackend
from unispeech.backends.whisper import cpp_devices, cpp_tokens, prompt
from unispeech.errors import BackendError, ModelDamaged, UnsupportedOption
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions, LoadOptions, TranscribeOptions
from unispeech.system.cores import cores
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, Samples, Segment

log = logging.getLogger("unispeech")

WINDOWS = (15.36, 20.48, 25.6, 30.0)
"""Seconds. The short windows halve the encoder's work for most chunks. All but the full window are
multiples of 256 frames: whisper.cpp's flash attention reads its keys in blocks of 256 and does not
mask the rest of the last block, which still holds keys of an earlier, longer chunk."""
FRAMES = 50
"""Encoder frames a second."""
SHORTEST = SAMPLE_RATE
"""Samples. whisper.cpp refuses less than a tenth of a second, and is more accurate from one second
up."""
WIDEST = 8
"""Largest beam: whisper.cpp's WHISPER_MAX_DECODERS."""
TICK = 0.01
"""whisper.cpp's unit of time, in seconds."""


class WhisperCpp(SerialBackend):
    """A ggml Whisper model. A context runs one decoding at a time.

    Word times need a second context (with alignment, without flash attention), which is loaded at
    the first request for them.
    """

    name = "cpp"

    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        self._path = model
        kind = options.device.partition(":")[0]
        self._gpu = kind != "cpu"
        self._gpu_number = 0
        if kind in cpp_devices.PREFIXES:
            gpus = cpp_devices.gpus(pw.__file__)
            self._gpu_number = cpp_devices.number_of(options.device, gpus)
        self._threads = options.threads or cores()
        self._lock = threading.Lock()
        self._preset = cpp_tokens.alignment_preset(model)
        _silence()
        self._model = {False: self._context(aligned=False)}  # by `aligned`

    def _context(self, aligned: bool) -> Any:
        settings = pw.whisper_context_default_params()
        settings.use_gpu = self._gpu
        settings.gpu_device = self._gpu_number
        if aligned:
            settings.flash_attn = False
            settings.dtw_token_timestamps = True
            settings.dtw_aheads_preset = getattr(pw, f"WHISPER_AHEADS_{self._preset}")
            settings.dtw_n_top = 2  # top layers, for models whose alignment heads are unknown
        context = pw.whisper_init_from_file_with_params(str(self._path), settings)
        if context is None:
            raise ModelDamaged(f"cpp cannot read the model {self._path}", "download it again")
        return context

    @property
    def windows(self) -> tuple[float, ...]:
        return WINDOWS

    def fit_prompt(self, options: DecodeOptions) -> DecodeOptions:
        return prompt.fit(options, self._token_count) if options.initial_prompt else options

    def _token_count(self, text: str) -> int:
        return cpp_tokens.count(text, self._vocabulary)

    @cached_property
    def _vocabulary(self) -> frozenset[bytes]:
        """The bytes of every text token."""
        with self._running() as context:
            end = pw.whisper_token_eot(context)
            return frozenset(pw.whisper_token_to_bytes(context, token) for token in range(end))

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        options = self.fit_prompt(options)
        with self._running(options.word_timestamps) as context:
            return [self._chunk(context, chunk, options) for chunk in chunks]

    def _chunk(self, context: Any, chunk: Chunk, options: DecodeOptions) -> ChunkResult:
        temperature = options.temperatures[0]
        params = self._params(options, options.beam if temperature == 0 else 1)
        params.language = chunk.language or "en"
        params.temperature = temperature
        params.temperature_inc = 0.0
        params.single_segment = True
        params.no_timestamps = True
        params.suppress_nst = True
        if chunk.window < WINDOWS[-1]:
            params.audio_ctx = round(chunk.window * FRAMES)
        samples = chunk.samples
        if len(samples) < SHORTEST:
            samples = np.pad(samples, (0, SHORTEST - len(samples)))
        _run(context, params, samples)
        # without timestamp tokens the segment times of whisper.cpp are meaningless
        span = (0.0, chunk.duration)
        return ChunkResult(tuple(_segments(context, options.word_timestamps, span)))

    def _params(self, options: DecodeOptions, beam: int) -> Any:
        if beam > WIDEST:
            raise UnsupportedOption(
                f"beam_size {beam}: the backend cpp supports at most {WIDEST}", "use a smaller beam"
            )
        beams = beam > 1
        params = pw.whisper_full_default_params(
            pw.WHISPER_SAMPLING_BEAM_SEARCH if beams else pw.WHISPER_SAMPLING_GREEDY
        )
        if beams:
            params.beam_search = {"beam_size": beam, "patience": -1.0}
        params.n_threads = self._threads
        params.print_progress = False
        params.translate = options.task == "translate"
        if options.initial_prompt is not None:
            params.initial_prompt = " " + options.initial_prompt.strip()
        return params

    def transcribe_native(self, samples: Samples, options: TranscribeOptions) -> NativeRun:
        """Run whisper.cpp's long-form decoding; options left out get pywhispercpp's defaults.

        Except for the language: pywhispercpp defaults to English, this backend detects it. Audio
        of earlier calls leaks into the full windows of later calls, so each call gets a new
        context.
        """
        decode = self.fit_prompt(options.decode)
        params = self._params(decode, decode.beam_size or 1)
        if decode.initial_prompt is not None:
            params.initial_prompt = decode.initial_prompt
        if decode.temperature is not None:
            params.temperature, params.temperature_inc = _ladder(decode.temperature)
        with self._running(decode.word_timestamps, fresh=True) as context:
            default = "auto" if pw.whisper_is_multilingual(context) else "en"
            params.language = decode.language or default
            _run(context, params, samples)
            language = pw.whisper_lang_str(pw.whisper_full_lang_id(context))
            segments = list(_segments(context, decode.word_timestamps))
        return NativeRun(iter(segments), language)

    def detect_language(self, samples: Samples) -> tuple[str, float]:
        with self._running() as context:
            if not pw.whisper_is_multilingual(context):
                return "en", 1.0
            samples = np.ascontiguousarray(samples[: 30 * SAMPLE_RATE])
            probabilities = np.zeros(pw.whisper_lang_max_id() + 1, np.float32)
            pw.whisper_pcm_to_mel(context, samples, len(samples), self._threads)
            best = pw.whisper_lang_auto_detect(context, 0, self._threads, probabilities)
        return str(pw.whisper_lang_str(best)), float(probabilities[best])

    def close(self) -> None:
        with self._lock:
            for context in (self._model or {}).values():
                pw.whisper_free(context)
            self._model = None

    @contextmanager
    def _running(self, aligned: bool = False, fresh: bool = False) -> Iterator[Any]:
        """Yield a context to one call at a time; with `fresh`, an unused context."""
        with super()._running() as contexts:
            if fresh and aligned in contexts:
                pw.whisper_free(contexts.pop(aligned))
            if aligned not in contexts:
                contexts[aligned] = self._context(aligned)
            yield contexts[aligned]


def _ladder(temperatures: tuple[float, ...]) -> tuple[float, float]:
    """Return the first temperature and the step: whisper.cpp rises evenly to 1.0, or not at all.

    Raises:
        UnsupportedOption: the temperatures do not rise evenly to 1.0.
    """
    first, *rest = temperatures
    if not rest:
        return first, 0.0
    step = rest[0] - first
    ladder = np.arange(first, 1.0 + 1e-6, step) if step > 0 else np.zeros(0)
    if len(ladder) != len(temperatures) or not np.allclose(ladder, temperatures):
        raise UnsupportedOption(
            f"temperature {temperatures}: the native strategy of cpp needs even steps up to 1.0",
            "give a single temperature or even steps, or use strategy='batched'",
        )
    return first, step


def _run(context: Any, params: Any, samples: Samples) -> None:
    code = pw.whisper_full(context, params, np.ascontiguousarray(samples, np.float32), len(samples))
    if code != 0:
        raise BackendError(f"cpp: whisper.cpp failed with code {code}")


def _segments(
    context: Any, with_words: bool, span: tuple[float, float] | None = None
) -> Iterator[Segment]:
    """Yield the segments of the context's last run; the binding's own reader strips the spaces.

    `span` overrides the start and end of the segments, in seconds.
    """
    end_of_text = pw.whisper_token_eot(context)
    for i in range(pw.whisper_full_n_segments(context)):
        tokens = [
            pw.whisper_full_get_token_data(context, i, j)
            for j in range(pw.whisper_full_n_tokens(context, i))
        ]
        tokens = [token for token in tokens if token.id < end_of_text]
        start, end = span or (
            pw.whisper_full_get_segment_t0(context, i) * TICK,
            pw.whisper_full_get_segment_t1(context, i) * TICK,
        )
        scores = [token.plog for token in tokens]
        yield Segment(
            id=i,
            start=start,
            end=end,
            text=pw.whisper_full_get_segment_text(context, i).decode(errors="replace"),
            words=cpp_tokens.words(
                [
                    (pw.whisper_token_to_bytes(context, t.id), t.t_dtw * TICK, t.p)
                    for t in tokens
                ],
                start, end,
            ) if with_words else (),
            avg_logprob=float(sum(scores) / (len(scores) + 1)),
        )  # fmt: skip


@cache
def _silence() -> None:
    """Redirect whisper.cpp's log from stderr to the package's logger.

    The binding keeps the callback in a static C++ variable, which is destroyed after the
    interpreter. If that were the last reference, freeing the callback would crash the process at
    exit. The extra reference keeps it from ever being freed.
    """

    def to_log(*arguments: Any) -> None:
        log.debug("whisper.cpp: %s", str(arguments[-1]).strip())

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(to_log))
    pw.whisper_log_set(to_log)

"""whisper.cpp: Whisper in C++ on ggml, through pywhispercpp (ggml-org/whisper.cpp)."""

from __future__ import annotations

import ctypes
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import _pywhispercpp as pw
import numpy as np

from unispeech.backends.base import NativeRun
from unispeech.backends.serial import SerialBackend
from unispeech.backends.whisper import cpp_tokens
from unispeech.errors import BackendError, ModelDamaged, UnsupportedOption
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions, LoadOptions, TranscribeOptions
from unispeech.system.cores import cores
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, Samples, Segment

log = logging.getLogger("unispeech")

WINDOWS = (15.36, 20.48, 25.6, 30.0)
"""Seconds: half the encoder's work for most chunks. All but the full one are multiples of 256
frames: whisper.cpp's flash attention reads its keys in such blocks and does not mask what is left
of the last, where those of an earlier, longer chunk still lie."""
FRAMES = 50
"""Encoder frames a second."""
SHORTEST = SAMPLE_RATE
"""Samples; whisper.cpp refuses less than a tenth of a second, and is
more accurate from a second up."""
WIDEST = 8
"""Hypotheses; whisper.cpp has room for no more (WHISPER_MAX_DECODERS)."""
TICK = 0.01
"""Seconds of whisper.cpp's unit of time."""


class WhisperCpp(SerialBackend):
    """A ggml Whisper model. A context holds one decoding.

    Word times need a context of another kind (with alignment, without flash attention), which is
    loaded when they are first asked for.
    """

    name = "cpp"

    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        self._path = model
        self._gpu = options.device == "auto"
        self._threads = options.threads or cores()
        self._lock = threading.Lock()
        self._preset = cpp_tokens.alignment_preset(model)
        _silence()
        self._model = {False: self._context(aligned=False)}  # aligned or not

    def _context(self, aligned: bool) -> Any:
        settings = pw.whisper_context_default_params()
        settings.use_gpu = self._gpu
        if aligned:
            settings.flash_attn = False
            settings.dtw_token_timestamps = True
            settings.dtw_aheads_preset = getattr(pw, f"WHISPER_AHEADS_{self._preset}")
            settings.dtw_n_top = 2  # of the layers, where nobody knows the heads
        context = pw.whisper_init_from_file_with_params(str(self._path), settings)
        if context is None:
            raise ModelDamaged(f"cpp cannot read the model {self._path}", "fetch it again")
        return context

    @property
    def windows(self) -> tuple[float, ...]:
        return WINDOWS

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
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
        # without timestamps whisper.cpp gives times that mean nothing
        place = (0.0, chunk.duration)
        return ChunkResult(tuple(_segments(context, options.word_timestamps, place)))

    def _params(self, options: DecodeOptions, beam: int) -> Any:
        if beam > WIDEST:
            raise UnsupportedOption(
                f"beam_size {beam}: the backend cpp keeps at most {WIDEST}", "use a smaller one"
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
        """`Model.transcribe` with its own defaults for whatever is not given.

        Except for the language: its default is English, ours is to detect it. Earlier sound leaks
        into the full windows of later calls, so each call begins with a new context.
        """
        decode = options.decode
        params = self._params(decode, decode.beam_size or 1)
        if decode.initial_prompt is not None:
            params.initial_prompt = decode.initial_prompt
        if decode.temperature is not None:
            params.temperature, params.temperature_inc = _ladder(decode.temperature)
        with self._running(decode.word_timestamps, anew=True) as context:
            known = "auto" if pw.whisper_is_multilingual(context) else "en"
            params.language = decode.language or known
            _run(context, params, samples)
            language = pw.whisper_lang_str(pw.whisper_full_lang_id(context))
            segments = list(_segments(context, decode.word_timestamps))
        return NativeRun(iter(segments), language)

    def detect_language(self, samples: Samples) -> tuple[str, float]:
        with self._running() as context:
            if not pw.whisper_is_multilingual(context):
                return "en", 1.0
            samples = np.ascontiguousarray(samples[: 30 * SAMPLE_RATE])
            likely = np.zeros(pw.whisper_lang_max_id() + 1, np.float32)
            pw.whisper_pcm_to_mel(context, samples, len(samples), self._threads)
            best = pw.whisper_lang_auto_detect(context, 0, self._threads, likely)
        return str(pw.whisper_lang_str(best)), float(likely[best])

    def close(self) -> None:
        with self._lock:
            for context in (self._model or {}).values():
                pw.whisper_free(context)
            self._model = None

    @contextmanager
    def _running(self, aligned: bool = False, anew: bool = False) -> Iterator[Any]:
        """A context for one call at a time; `anew`: one that was never used."""
        with super()._running() as contexts:
            if anew and aligned in contexts:
                pw.whisper_free(contexts.pop(aligned))
            if aligned not in contexts:
                contexts[aligned] = self._context(aligned)
            yield contexts[aligned]


def _ladder(temperatures: tuple[float, ...]) -> tuple[float, float]:
    """The first temperature and the step: whisper.cpp climbs evenly to 1.0, or stays (step 0).

    Raises:
        UnsupportedOption: the temperatures are not such a ladder.
    """
    first, *rest = temperatures
    if not rest:
        return first, 0.0
    step = rest[0] - first
    climbed = np.arange(first, 1.0 + 1e-6, step) if step > 0 else np.zeros(0)
    if len(climbed) != len(temperatures) or not np.allclose(climbed, temperatures):
        raise UnsupportedOption(
            f"temperature {temperatures}: the native strategy of cpp climbs in even steps to 1.0",
            "give one number, or such a ladder, or use the strategy 'batched'",
        )
    return first, step


def _run(context: Any, params: Any, samples: Samples) -> None:
    code = pw.whisper_full(context, params, np.ascontiguousarray(samples, np.float32), len(samples))
    if code != 0:
        raise BackendError(f"cpp: whisper.cpp failed with the code {code}")


def _segments(
    context: Any, with_words: bool, place: tuple[float, float] | None = None
) -> Iterator[Segment]:
    """The segments of the context's last run; the binding's own reader strips the spaces.

    `place` is where the one segment lies, if that is known better.
    """
    end_of_text = pw.whisper_token_eot(context)
    for i in range(pw.whisper_full_n_segments(context)):
        tokens = [
            pw.whisper_full_get_token_data(context, i, j)
            for j in range(pw.whisper_full_n_tokens(context, i))
        ]
        tokens = [token for token in tokens if token.id < end_of_text]
        start, end = place or (
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
    """Send whisper.cpp's log, which goes to stderr, to ours.

    The binding keeps the callback in a static variable of C++, which is destroyed when the
    interpreter has gone already: were it the last to hold the callback, freeing it would crash the
    process at its very end. So it is never freed.
    """

    def to_log(*arguments: Any) -> None:
        log.debug("whisper.cpp: %s", str(arguments[-1]).strip())

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(to_log))
    pw.whisper_log_set(to_log)

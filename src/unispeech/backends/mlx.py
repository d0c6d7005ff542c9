"""MLX: mlx-whisper (ml-explore/mlx-examples, whisper/mlx_whisper), for Apple silicon.

Text is decoded greedily by `whisper.decode_loop`, without timestamp tokens. Word times come from
mlx-whisper's attention, over the encoder's output that the text was decoded from.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlx.core as mx
import mlx_whisper
import numpy as np
from mlx_whisper.load_models import load_model
from mlx_whisper.timing import add_word_timestamps
from mlx_whisper.tokenizer import Tokenizer, get_tokenizer
from mlx_whisper.transcribe import ModelHolder

from unispeech.backends.base import NativeRun
from unispeech.backends.failures import wrapped
from unispeech.backends.serial import SerialBackend
from unispeech.backends.whisper import decode_loop
from unispeech.backends.whisper import spoken as detection
from unispeech.backends.whisper.decode_loop import Decoded, Vocabulary
from unispeech.errors import BackendError, ModelDamaged
from unispeech.features import mel
from unispeech.features.logmel import log_mel
from unispeech.models.convert import openai_defaults
from unispeech.models.facts import ModelFacts
from unispeech.models.formats import mlx
from unispeech.models.formats.headers import read_object
from unispeech.models.formats.whisper_shape import Dims
from unispeech.options import DecodeOptions, LoadOptions, TranscribeOptions
from unispeech.types import Chunk, ChunkResult, LanguageScore, Samples, Segment, Word

SEED = 0
"""Random seed of every native call, so that sampling at a temperature is repeatable."""
PARTS = 8
"""Parts of the encoder's output whose language is detected at once."""
CACHE = 512 << 20
"""Most bytes of freed buffers that MLX keeps for new ones. Each step of the decoder frees keys and
values of another size, and by default MLX keeps nearly all memory of the GPU."""


class MlxWhisper(SerialBackend):
    """A Whisper model in MLX, on the GPU of a Mac or on the CPU."""

    name = "mlx"
    # One lock for the process: the library keeps the model of `mlx_whisper.transcribe` in a global.
    _lock = threading.Lock()

    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        self._device = _device_of(options.device)
        self._dtype = _dtype_of(options.compute_type, self._device)
        mx.set_cache_limit(CACHE)
        with (
            mx.stream(self._device),
            wrapped(f"mlx cannot read the model {model}", error_class=ModelDamaged),
        ):
            self._model = _loaded(model, self._dtype)
        self._dims = Dims(**vars(self._model.dims))
        self._filters = mel.filters(self._dims.n_mels)
        self._vocabulary = _vocabulary(self._dims, self._tokenizer(None, "transcribe"))

    def fit_prompt(self, options: DecodeOptions) -> DecodeOptions:
        return self._vocabulary.fit_prompt(options)

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        with self._running() as model:
            encoded = mx.stack([self._encoded(model, chunk.samples) for chunk in chunks])
            scores = self._language_scores(model, encoded, chunks)
            languages = detection.languages(chunks, scores)
            decoded = decode_loop.decode_chunks(
                _stepper(model, encoded), self._vocabulary, chunks, options, languages
            )
            results = [
                self._vocabulary.result(text, chunk)
                for text, chunk in zip(decoded, chunks, strict=True)
            ]
            if options.word_timestamps:
                results = [
                    self._with_words(
                        model, encoded[row], chunk, result, decoded[row],
                        self._tokenizer(languages[row], options.task),
                    )
                    for row, (chunk, result) in enumerate(zip(chunks, results, strict=True))
                ]  # fmt: skip
        return [replace(r, languages=s) for r, s in zip(results, scores, strict=True)]

    def _encoded(self, model: Any, samples: Samples) -> mx.array:
        """Encode a chunk: (frames, width). One at a time, because attention takes the memory of a
        whole batch at once."""
        features = mx.array(log_mel(samples, self._filters, 30.0).T[None]).astype(self._dtype)
        encoded = model.encoder(features)[0]
        mx.eval(encoded)
        return encoded

    def _language_scores(
        self, model: Any, encoded: mx.array, chunks: Sequence[Chunk]
    ) -> list[tuple[LanguageScore, ...]]:
        def detect(parts: Sequence[detection.Part]) -> list[dict[str, float]]:
            found: list[dict[str, float]] = []
            for start in range(0, len(parts), PARTS):
                some = mx.stack([encoded[part] for part in parts[start : start + PARTS]])
                step = _stepper(model, some)
                found += decode_loop.languages(step, self._vocabulary, len(some))
            return found

        return detection.scores(detect, chunks, bool(self._vocabulary.languages))

    def _with_words(
        self,
        model: Any,
        encoded: mx.array,
        chunk: Chunk,
        result: ChunkResult,
        decoded: Decoded,
        tokenizer: Tokenizer,
    ) -> ChunkResult:
        """Return the text of a chunk with word times, found as in `mlx_whisper.transcribe`."""
        if not result.segments:
            return result
        tokens = list(decoded.tokens)
        segment: dict[str, Any] = {
            "seek": 0, "start": 0.0, "end": chunk.duration, "tokens": tokens,
        }  # fmt: skip
        add_word_timestamps(
            segments=[segment],
            model=_of_encoded(model),
            tokenizer=tokenizer,
            mel=encoded,
            num_frames=min(round(chunk.duration * 100), 2 * self._dims.n_audio_ctx),
            last_speech_timestamp=0.0,
        )
        whole = replace(
            result.segments[0],
            start=float(segment["start"]),
            end=float(segment["end"]),
            words=_words(segment),
        )
        return replace(result, segments=(whole,))

    def transcribe_native(self, samples: Samples, options: TranscribeOptions) -> NativeRun:
        """Run `mlx_whisper.transcribe`; options left out get its own defaults."""
        decode = self.fit_prompt(options.decode)
        settings: dict[str, Any] = {
            name: value
            for name in ("language", "temperature", "initial_prompt")
            if (value := getattr(decode, name)) is not None
        }
        with self._running() as model:
            mx.random.seed(SEED)
            ModelHolder.model, ModelHolder.model_path = model, "loaded"
            try:
                result = mlx_whisper.transcribe(
                    samples,
                    path_or_hf_repo="loaded",
                    task=decode.task,
                    word_timestamps=decode.word_timestamps,
                    fp16=self._dtype == mx.float16,
                    **settings,
                )
            finally:
                ModelHolder.model = ModelHolder.model_path = None
        segments = (_segment(i, segment) for i, segment in enumerate(result["segments"]))
        return NativeRun(segments, result["language"])

    def detect_language(self, samples: Samples) -> tuple[str, float]:
        with self._running() as model:
            step = _stepper(model, self._encoded(model, samples)[None])
            return decode_loop.likeliest_language(step, self._vocabulary)

    def _tokenizer(self, language: str | None, task: str) -> Tokenizer:
        model = self._model
        return get_tokenizer(
            model.is_multilingual,
            num_languages=model.num_languages,
            language=language,
            task=task,
        )

    @contextmanager
    def _running(self) -> Iterator[Any]:
        with super()._running() as model, mx.stream(self._device):
            try:
                yield model
            finally:
                mx.clear_cache()


def _device_of(name: str) -> mx.Device:
    """Return the device of a name: `mps` is the GPU of a Mac, as in PyTorch.

    Raises:
        BackendError: this machine, or this build of MLX, has no such GPU.
    """
    kind, _, number = name.partition(":")
    if kind == "cpu":
        return mx.Device(mx.cpu)
    has_gpu = mx.is_available(mx.gpu)
    if kind == "mps" and (not has_gpu or int(number or 0) > 0):
        found = "one GPU" if has_gpu else "no GPU"
        raise BackendError(f"mlx: no device {name}; MLX finds {found}", "choose device='cpu'")
    return mx.Device(mx.gpu if has_gpu else mx.cpu)


def _dtype_of(compute_type: str, device: mx.Device) -> mx.Dtype:
    """Return the requested type; `default` is float16 on a GPU and float32 on a CPU."""
    if compute_type == "default":
        compute_type = "float16" if device.type == mx.gpu else "float32"
    return {"float16": mx.float16, "float32": mx.float32}[compute_type]


def _loaded(path: Path, dtype: mx.Dtype) -> Any:
    """Load a model in one precision: the library keeps that of the file, and converts in each call.

    Everything is computed here, because a thread cannot compute what another has left undone.
    """
    with _readable(path) as folder:
        model = load_model(str(folder), dtype)
    model.set_dtype(dtype)
    encoder, decoder = model.encoder, model.decoder
    encoder._positional_embedding = encoder._positional_embedding.astype(dtype)
    mx.eval(model.parameters(), encoder._positional_embedding, decoder._mask)
    return model


@contextmanager
def _readable(path: Path) -> Iterator[Path]:
    """Yield a folder as mlx-whisper reads it: the file names that it knows, and nothing in
    `config.json` that it does not. Converters since 2025-12 write other ones."""
    config = read_object(path / "config.json")
    known = {
        name: config[name]
        for name in (*Dims.__dataclass_fields__, "quantization")
        if name in config
    }
    weights = mlx.weight_file(path)
    with tempfile.TemporaryDirectory(prefix="unispeech-") as name:
        (Path(name) / "config.json").write_text(json.dumps(known), encoding="utf-8")
        (Path(name) / f"weights{weights.suffix}").symlink_to(weights.absolute())
        yield Path(name)


def _vocabulary(dims: Dims, tokenizer: Tokenizer) -> Vocabulary:
    """Return mlx-whisper's tokenizer, and OpenAI's token ids, for `decode_loop`."""
    settings = openai_defaults.generation(dims)
    is_multilingual = bool(tokenizer.language)
    suppressed = np.zeros(dims.n_vocab, np.float32)
    suppressed[[*settings.suppress]] = -np.inf
    suppressed[tokenizer.no_timestamps :] = -np.inf
    first = np.zeros(dims.n_vocab, np.float32)
    first[[*settings.suppress_begin]] = -np.inf
    codes = zip(tokenizer.all_language_codes, tokenizer.all_language_tokens, strict=True)
    return Vocabulary(
        tokenizer=_Encoding(tokenizer),
        end=tokenizer.eot,
        start=tokenizer.sot,
        previous=tokenizer.sot_prev,
        no_speech=tokenizer.no_speech,
        no_timestamps=tokenizer.no_timestamps,
        size=dims.n_vocab,
        context=dims.n_text_ctx,
        suppressed=suppressed,
        suppressed_first=first,
        languages=dict(codes) if is_multilingual else {},
        tasks={"transcribe": tokenizer.transcribe, "translate": tokenizer.translate},
    )


class _Encoding:
    """mlx-whisper's tokenizer, with the interface of Hugging Face's that `Vocabulary` calls."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def encode(self, text: str, add_special_tokens: bool) -> Any:
        return SimpleNamespace(ids=self._tokenizer.encoding.encode_ordinary(text))

    def decode(self, tokens: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(tokens)
        return text


def _stepper(model: Any, encoded: mx.array) -> decode_loop.Step:
    """Return a step of the decoder that attends to encoded chunks (rows, frames, width)."""
    cache: Any = None

    def step(tokens: Any) -> Any:
        nonlocal cache
        # The decoder masks several tokens only at the beginning, so later ones go in one by one.
        logits = None
        for part in [tokens] if cache is None else np.split(tokens, tokens.shape[1], axis=1):
            # Without the third, the attention of every layer: a name would keep it in memory.
            logits, cache = model.decoder(mx.array(part), encoded, kv_cache=cache)[:2]
        assert logits is not None
        return np.array(logits[:, -1].astype(mx.float32))

    return step


def _of_encoded(model: Any) -> Any:
    """Return the model for `add_word_timestamps`, which passes its `mel` on: encoded chunks here.

    The library's own would encode the sound a second time.
    """

    def forward(encoded: mx.array, tokens: mx.array) -> tuple[mx.array, Any]:
        logits, _, cross_qk = model.decoder(tokens, encoded)
        return logits, cross_qk

    return SimpleNamespace(alignment_heads=model.alignment_heads, forward_with_cross_qk=forward)


def _words(segment: dict[str, Any]) -> tuple[Word, ...]:
    return tuple(
        Word(float(w["start"]), float(w["end"]), w["word"], float(w["probability"]))
        for w in segment.get("words", ())
    )


def _segment(number: int, segment: dict[str, Any]) -> Segment:
    return Segment(
        id=number,
        start=float(segment["start"]),
        end=float(segment["end"]),
        text=segment["text"],
        words=_words(segment),
        avg_logprob=float(segment["avg_logprob"]),
        no_speech_prob=float(segment["no_speech_prob"]),
    )

"""JAX: transformers' FlaxWhisper under jit (huggingface/transformers 4, modeling_flax_whisper.py).

Everything has a fixed shape, so each graph is compiled once: a batch is filled up to the next of
`BATCHES`, the prompt is fed token by token, and the cache has room for the whole context.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.traverse_util import flatten_dict, unflatten_dict
from transformers import (  # type: ignore[attr-defined]
    FlaxWhisperForConditionalGeneration,
    WhisperConfig,
)

from unispeech.backends import decoding
from unispeech.backends.base import Backend
from unispeech.backends.decoding import Vocabulary
from unispeech.errors import BackendError, ModelDamaged
from unispeech.models.convert import hf, mel
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions, LoadOptions
from unispeech.types import Chunk, ChunkResult

if TYPE_CHECKING:
    from unispeech.types import Samples

_CROSS = (["encoder_attn", "k_proj"], ["encoder_attn", "v_proj"])
Known = dict[tuple[str, ...], Any]
"""Arrays by the path of the module whose result they are."""
BATCHES = (1, 2, 4, 8, 16)
"""Sizes that graphs are compiled for; larger batches are cut."""


class JaxWhisper(Backend):
    """A Whisper model in JAX. Calls are taken one after the other, each uses every core."""

    name = "jax"

    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        self._lock = threading.Lock()
        try:
            self._vocabulary = Vocabulary.read(model)
            config = json.loads((model / "config.json").read_text(encoding="utf-8"))
            config.pop("dtype", None), config.pop("torch_dtype", None)
            weights = hf.weights(model)
        except (OSError, KeyError, ValueError) as error:
            raise ModelDamaged(f"jax cannot read the model {model}: {error}") from error
        self._filters = mel.filters(config["num_mel_bins"])
        numbers = jnp.bfloat16 if options.compute_type == "bfloat16" else jnp.float32
        self._model = FlaxWhisperForConditionalGeneration(
            WhisperConfig(**config), dtype=numbers, _do_init=False
        )
        shapes = flatten_dict(self._model.params_shape_tree)
        self._params = unflatten_dict(_named(weights, shapes, model))
        self._encode = jax.jit(self._model.encode)
        self._start = jax.jit(partial(_start, self._model), static_argnums=(1,))
        self._known = jax.jit(partial(_known, dtype=numbers))
        self._step = jax.jit(partial(_step, self._model), donate_argnums=(3,))

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        results: list[ChunkResult] = []
        with self._lock:
            try:
                for first in range(0, len(chunks), BATCHES[-1]):
                    results += self._decode(chunks[first : first + BATCHES[-1]], options)
            except (RuntimeError, ValueError, KeyError, TypeError) as error:
                raise BackendError(f"jax: {error}") from error
        return results

    def _decode(self, chunks: Sequence[Chunk], options: DecodeOptions) -> list[ChunkResult]:
        vocabulary = self._vocabulary
        size = next(size for size in BATCHES if size >= len(chunks))
        samples = [chunk.samples for chunk in chunks]
        samples += [np.zeros(0, np.float32)] * (size - len(chunks))
        decoded = decoding.decode(
            self._stepper(samples),
            vocabulary,
            vocabulary.before(options.initial_prompt, options.hotwords),
            vocabulary.after(chunks[0].language, options.task),
            size,
            options.temperatures[0],
            real=len(chunks),
        )
        return [
            ChunkResult(vocabulary.segments(one, chunk.duration))
            for one, chunk in zip(decoded, chunks, strict=True)
        ]

    def _stepper(self, samples: Sequence[Samples]) -> decoding.Step:
        heard = np.stack([decoding.features(one, 30.0, self._filters) for one in samples])
        encoded = self._encode(heard, params=self._params)
        cache = self._start(self._params, self._vocabulary.context, encoded)
        known = self._known(self._params, encoded[0])
        at = 0

        def step(tokens: Any) -> Any:
            nonlocal cache, at
            logits = None
            for column in tokens.T:
                tokens_at = column[:, None]
                logits, cache = self._step(self._params, encoded, known, cache, tokens_at, at)
                at += 1
            return np.array(logits, np.float32)

        return step

    def detect_language(self, samples: Samples) -> tuple[str, float]:
        with self._lock:
            try:
                logits = self._stepper([samples])(np.array([[self._vocabulary.start]]))[0]
            except (RuntimeError, ValueError, TypeError) as error:
                raise BackendError(f"jax: {error}") from error
        return decoding.likeliest_language(logits, self._vocabulary)

    def close(self) -> None:
        self._params = None


def _start(model: Any, params: Any, length: int, encoded: Any) -> Any:
    """An empty cache of a fixed length."""
    batch = encoded[0].shape[0]
    ids = jnp.ones((batch, length), jnp.int32)
    positions = jnp.broadcast_to(jnp.arange(length), ids.shape)

    def run(module: Any, ids: Any, mask: Any, positions: Any, hidden: Any) -> Any:
        decoder = module._get_decoder_module()
        return decoder(ids, mask, positions, hidden, init_cache=True, return_dict=False)

    shapes = jax.eval_shape(
        lambda: model.module.init(
            jax.random.PRNGKey(0), ids, jnp.ones_like(ids), positions, encoded[0], method=run
        )
    )
    return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes["cache"])


def _known(params: Any, heard: Any, dtype: Any) -> Known:
    """What each layer of the decoder makes of what was heard; arrays of (batch, frames, width).

    FlaxWhisper would make it anew for every token, which is most of its work.
    """
    found, flat = {}, flatten_dict(params)
    for path, kernel in flat.items():
        *module, kind = path
        if kind == "kernel" and module[-2:] in _CROSS:
            own = {n: flat[(*module, n)] for n in ("kernel", "bias") if (*module, n) in flat}
            dense = nn.Dense(kernel.shape[1], use_bias="bias" in own, dtype=dtype)
            found[tuple(module)] = dense.apply({"params": own}, heard)
    return found


def _step(
    model: Any, params: Any, encoded: Any, known: Known, cache: Any, tokens: Any, at: Any
) -> Any:
    """The logits after one more token of every row, and the cache with it."""
    length = model.config.max_target_positions
    seen = jnp.broadcast_to(jnp.arange(length) <= at, (tokens.shape[0], length))

    def look_up(call: Any, given: Any, named: Any, context: Any) -> Any:
        return known[context.module.path] if context.module.path in known else call(*given, **named)

    with nn.intercept_methods(look_up):
        out = model.decode(
            tokens,
            encoded,
            decoder_attention_mask=seen.astype("i4"),
            decoder_position_ids=jnp.full(tokens.shape, at),
            past_key_values=cache,
            params=params,
        )
    return out.logits[:, -1], out.past_key_values


def _named(weights: Any, shapes: Any, model: Path) -> dict[tuple[str, ...], Any]:
    """The tensors by Flax's names and in its shapes: kernels are (in, out) or (width, in, out)."""
    params = {}
    for path, shape in shapes.items():
        *stem, kind = path
        name = ".".join(stem)
        if kind == "kernel":
            tensor = np.asarray(weights[f"{name}.weight"], np.float32).T
        elif kind in ("scale", "embedding"):
            tensor = np.asarray(weights[f"{name}.weight"], np.float32)
        else:
            tensor = np.asarray(weights[f"{name}.{kind}"], np.float32)
        if tensor.shape != shape.shape:
            raise ModelDamaged(f"{model}: {name} has the shape {tensor.shape}, not {shape.shape}")
        params[path] = jnp.asarray(tensor)
    return params

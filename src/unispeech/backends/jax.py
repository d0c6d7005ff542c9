"""JAX: transformers' FlaxWhisper under jit (huggingface/transformers 4, modeling_flax_whisper.py).

All shapes are fixed, so each graph is compiled once: a batch is padded to the next of `BATCHES`,
the prompt is fed token by token, and the cache has room for the whole context. Cross-attention is
reimplemented (`_attend`), because FlaxWhisper spends most of its time in it on a CPU.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.traverse_util import flatten_dict, unflatten_dict
from transformers import (  # type: ignore[attr-defined]
    FlaxWhisperForConditionalGeneration,
    WhisperConfig,
)
from transformers.models.whisper.modeling_flax_whisper import FlaxWhisperAttention

from unispeech.backends.failures import wrapped
from unispeech.backends.serial import SerialBackend
from unispeech.backends.whisper import decode_loop
from unispeech.backends.whisper import spoken as detection
from unispeech.backends.whisper.decode_loop import Vocabulary
from unispeech.errors import ModelDamaged
from unispeech.features import mel
from unispeech.features.logmel import log_mel
from unispeech.models.convert import hf
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions, LoadOptions
from unispeech.types import Chunk, ChunkResult, LanguageScore, Samples

CrossCache = dict[tuple[str, ...], tuple[Any, Any]]
"""Keys and values of the encoder's output, (batch x heads, frames, head width), by the path of the
cross-attention that reads them."""
BATCHES = (1, 2, 4, 8, 16)
"""Batch sizes that graphs are compiled for; larger batches are split."""

PARTS = 8
"""Parts of chunks in which the language is detected at once."""


class JaxWhisper(SerialBackend):
    """A Whisper model in JAX. Each call uses every core."""

    name = "jax"

    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        self._lock = threading.Lock()
        _cache_compiled_graphs()
        with wrapped(f"jax cannot read the model {model}", error_class=ModelDamaged):
            self._vocabulary = Vocabulary.read(model)
            config = json.loads((model / "config.json").read_text(encoding="utf-8"))
            config.pop("dtype", None), config.pop("torch_dtype", None)
            weights = hf.weights(model)
        self._filters = mel.filters(config["num_mel_bins"])
        dtype = jnp.bfloat16 if options.compute_type == "bfloat16" else jnp.float32
        whisper = FlaxWhisperForConditionalGeneration(
            WhisperConfig(**config), dtype=dtype, _do_init=False
        )
        shapes = flatten_dict(whisper.params_shape_tree)
        self._model = unflatten_dict(_flax_params(weights, shapes, model))
        self._encode = jax.jit(partial(_encode, whisper))
        self._start = jax.jit(partial(_start, whisper), static_argnums=(1,))
        self._cross_cache = jax.jit(
            partial(_cross_cache, dtype=dtype, heads=config["decoder_attention_heads"])
        )
        self._step = jax.jit(partial(_step, whisper), donate_argnums=(3,))

    def fit_prompt(self, options: DecodeOptions) -> DecodeOptions:
        return self._vocabulary.fit_prompt(options)

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        results: list[ChunkResult] = []
        with self._running() as params:
            for first in range(0, len(chunks), BATCHES[-1]):
                batch = chunks[first : first + BATCHES[-1]]
                rows = next(size for size in BATCHES if size >= len(batch))
                samples = [chunk.samples for chunk in batch]
                samples += [np.zeros(0, np.float32)] * (rows - len(batch))
                encoded = self._encoded(params, samples)
                scores = self._language_scores(params, encoded, batch)
                decoded = decode_loop.transcribe(
                    self._stepper(params, encoded), self._vocabulary, batch, options,
                    detection.languages(batch, scores), rows,
                )  # fmt: skip
                results += (replace(r, languages=s) for r, s in zip(decoded, scores, strict=True))
        return results

    def _encoded(self, params: Any, samples: Sequence[Samples]) -> Any:
        features = np.stack([log_mel(chunk, self._filters, 30.0) for chunk in samples])
        return self._encode(params, features)

    def _language_scores(
        self, params: Any, encoded: Any, chunks: Sequence[Chunk]
    ) -> list[tuple[LanguageScore, ...]]:
        """Detect languages in batches of one size, since each size is compiled."""

        def detect(parts: Sequence[detection.Part]) -> list[dict[str, float]]:
            hidden = np.asarray(encoded[0])
            found: list[dict[str, float]] = []
            for first in range(0, len(parts), PARTS):
                some = parts[first : first + PARTS]
                padded = [*some, *(some[0] for _ in range(PARTS - len(some)))]
                step = self._stepper(params, (np.stack([hidden[part] for part in padded]),))
                found += decode_loop.languages(step, self._vocabulary, PARTS)[: len(some)]
            return found

        return detection.scores(detect, chunks, bool(self._vocabulary.languages))

    def _stepper(self, params: Any, encoded: Any) -> decode_loop.Step:
        cache = self._start(params, self._vocabulary.context, encoded)
        cross_cache = self._cross_cache(params, encoded[0])
        position = 0

        def step(tokens: Any) -> Any:
            nonlocal cache, position
            logits = None
            for column in tokens.T:
                logits, cache = self._step(
                    params, encoded, cross_cache, cache, column[:, None], position
                )
                position += 1
            return np.array(logits, np.float32)

        return step

    def detect_language(self, samples: Samples) -> tuple[str, float]:
        with self._running() as params:
            step = self._stepper(params, self._encoded(params, [samples]))
            return decode_loop.likeliest_language(step, self._vocabulary)


def _cache_compiled_graphs() -> None:
    """Cache compiled graphs inside the virtual environment, so that they are deleted with it.

    A user's `JAX_COMPILATION_CACHE_DIR` takes precedence.
    """
    in_environment = sys.prefix != sys.base_prefix and os.access(sys.prefix, os.W_OK)
    if in_environment and jax.config.jax_compilation_cache_dir is None:
        jax.config.update("jax_compilation_cache_dir", str(Path(sys.prefix, "graphs")))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)


def _start(model: Any, params: Any, length: int, encoded: Any) -> Any:
    """Return an empty self-attention cache of a fixed length."""
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


def _encode(model: Any, params: Any, features: Any) -> Any:
    def attend(call: Any, args: Any, kwargs: Any, context: Any) -> Any:
        module = context.module
        if not isinstance(module, FlaxWhisperAttention) or context.method_name != "__call__":
            return call(*args, **kwargs)
        hidden = kwargs["hidden_states"]
        keys, values = module.k_proj(hidden), module.v_proj(hidden)
        return _attend(
            module, hidden, _heads(keys, module.num_heads), _heads(values, module.num_heads)
        )

    with nn.intercept_methods(attend):
        return model.encode(features, params=params)


def _cross_cache(params: Any, encoded: Any, dtype: Any, heads: int) -> CrossCache:
    """Compute the keys and values that each decoder layer derives from the encoder's output.

    FlaxWhisper recomputes them for every token, which is most of its work.
    """
    flat = flatten_dict(params)

    def projected(path: tuple[str, ...]) -> Any:
        layer = {n: flat[(*path, n)] for n in ("kernel", "bias") if (*path, n) in flat}
        dense = nn.Dense(layer["kernel"].shape[1], use_bias="bias" in layer, dtype=dtype)
        return _heads(dense.apply({"params": layer}, encoded), heads)

    paths = [path[:-2] for path in flat if path[-3:] == ("encoder_attn", "k_proj", "kernel")]
    return {path: (projected((*path, "k_proj")), projected((*path, "v_proj"))) for path in paths}


def _step(
    model: Any,
    params: Any,
    encoded: Any,
    cross_cache: CrossCache,
    cache: Any,
    tokens: Any,
    position: Any,
) -> Any:
    """Feed one token per row, and return the logits of the next one and the updated cache."""
    length = model.config.max_target_positions
    mask = jnp.broadcast_to(jnp.arange(length) <= position, (tokens.shape[0], length))

    def look_up(call: Any, args: Any, kwargs: Any, context: Any) -> Any:
        module = context.module
        if module.path not in cross_cache or context.method_name != "__call__":
            return call(*args, **kwargs)
        return _attend(module, kwargs["hidden_states"], *cross_cache[module.path])

    with nn.intercept_methods(look_up):
        out = model.decode(
            tokens,
            encoded,
            decoder_attention_mask=mask.astype("i4"),
            decoder_position_ids=jnp.full(tokens.shape, position),
            past_key_values=cache,
            params=params,
        )
    return out.logits[:, -1], out.past_key_values


def _attend(module: Any, hidden: Any, keys: Any, values: Any) -> tuple[Any, None]:
    """Compute FlaxWhisperAttention without a mask, head by head: two matrix products each.

    All heads at once would be batched matrix products, for which XLA has no fast CPU kernel.
    """
    queries = _heads(module.q_proj(hidden), module.num_heads) / module.head_dim**0.5
    attended = jax.lax.map(
        lambda head: jax.nn.softmax(head[0] @ head[1].T) @ head[2], (queries, keys, values)
    )
    rows, length, width = hidden.shape
    attended = attended.reshape(rows, module.num_heads, length, module.head_dim)
    return module.out_proj(attended.transpose(0, 2, 1, 3).reshape(rows, length, width)), None


def _heads(projected: Any, heads: int) -> Any:
    """Reshape (batch, length, width) to (batch x heads, length, head width)."""
    rows, length, width = projected.shape
    parts = projected.reshape(rows, length, heads, width // heads)
    return parts.transpose(0, 2, 1, 3).reshape(rows * heads, length, width // heads)


def _flax_params(weights: Any, shapes: Any, model: Path) -> dict[tuple[str, ...], Any]:
    """Return the tensors by Flax's names and shapes: kernels are (in, out) or (width, in, out)."""
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
            raise ModelDamaged(f"{model}: {name} has shape {tensor.shape}, not {shape.shape}")
        params[path] = jnp.asarray(tensor)
    return params

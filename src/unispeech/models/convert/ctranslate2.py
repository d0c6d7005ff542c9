"""CTranslate2 folders. Reading splits the fused query, key and value matrices.

Writing uses CTranslate2's own classes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from unispeech.errors import ModelDamaged
from unispeech.models.convert import tensor_names, tokenizer
from unispeech.models.convert.checkpoint import Checkpoint, Tensor, checked_tensors, integers
from unispeech.models.convert.openai_defaults import Generation, generation
from unispeech.models.formats import ctranslate2
from unispeech.models.formats.ctranslate2 import Variable
from unispeech.models.formats.headers import read_json, read_object
from unispeech.models.formats.whisper_shape import Dims, shapes


def read(folder: Path, fetch: tokenizer.Fetch) -> Checkpoint:
    """Read a folder of float32, float16, bfloat16, int16 or int8 weights.

    Raises:
        ModelDamaged: truncated, incomplete, or of another architecture.
    """
    ctranslate2.facts(folder, str(folder))
    dims, tensors = weights(folder)
    config = read_object(folder / "config.json")
    text, notes = _tokenizer(folder, dims, fetch)
    defaults = generation(dims)
    heads = tuple((int(layer), int(head)) for layer, head in config.get("alignment_heads") or ())
    if not heads:
        notes += ["the alignment heads are the defaults for a model of this size"]
    stored = ctranslate2.variables(folder / "model.bin").values()
    if any(variable.type in ("int8", "int16") for variable in stored if variable.shape):
        notes += ["the weights were quantised; the rounding errors remain"]
    settings = Generation(
        alignment_heads=heads or defaults.alignment_heads,
        suppress=integers(config.get("suppress_ids")) or defaults.suppress,
        suppress_begin=integers(config.get("suppress_ids_begin")) or defaults.suppress_begin,
        languages=integers(config.get("lang_ids")) or defaults.languages,
    )
    return Checkpoint(dims, tensors, text, settings, tuple(notes))


def weights(folder: Path) -> tuple[Dims, dict[str, Tensor]]:
    """Return the dimensions and all tensors; unquantised tensors are memory-mapped.

    Raises:
        ModelDamaged: truncated, incomplete, or of another architecture.
    """
    path = folder / "model.bin"
    index = ctranslate2.variables(path)
    dims = ctranslate2.dimensions(path, index)
    return dims, _tensors(path, index, dims)


def _load(path: Path, variable: Variable, scale: Variable | None = None) -> Any:
    stored = "uint16" if variable.type == "bfloat16" else variable.type
    shape = variable.shape or (1,)
    raw = np.memmap(path, dtype=stored, mode="r", offset=variable.offset, shape=shape)
    values: Any = np.asarray(raw)
    if variable.type == "bfloat16":  # the upper half of a float32
        values = (values.astype(np.uint32) << 16).view(np.float32)
    if scale is not None:  # a scale for the whole matrix, or per row
        factors = _load(path, scale)
        values = values.astype(np.float32) / factors.reshape(-1, *[1] * (values.ndim - 1))
    return values if variable.shape else values[0]


def _tensors(path: Path, index: Mapping[str, Variable], dims: Dims) -> dict[str, Tensor]:
    expected, tensors = dict(shapes(dims)), {}
    for theirs, ours in tensor_names.ctranslate2(dims):
        if theirs not in index:
            raise ModelDamaged(f"{path}: the variable {theirs} is missing", "download it again")
        fused = _load(path, index[theirs], index.get(f"{theirs}_scale"))
        height = fused.shape[0] // len(ours)
        for number, name in enumerate(ours):
            part = fused[number * height : (number + 1) * height]
            if name in expected:
                tensors[name] = part
            elif part.any():  # the bias of a key, which Whisper does not have
                raise ModelDamaged(f"{path}: {theirs} has a bias that Whisper lacks")
    return checked_tensors(tensors, dims, path)


def _tokenizer(folder: Path, dims: Dims, fetch: tokenizer.Fetch) -> tuple[str, list[str]]:
    if (folder / "tokenizer.json").is_file():
        read_json(folder / "tokenizer.json")
        return (folder / "tokenizer.json").read_text(encoding="utf-8"), []
    if (folder / "vocabulary.json").is_file():
        words = [str(token) for token in read_json(folder / "vocabulary.json")]
    else:
        words = (folder / "vocabulary.txt").read_text(encoding="utf-8").split("\n")[: dims.n_vocab]
    return tokenizer.tokenizer_of(words), ["tokenizer.json was rebuilt from the vocabulary"]


def write(checkpoint: Checkpoint, folder: Path) -> None:
    """Write a folder for CTranslate2 and faster-whisper."""
    from ctranslate2.specs import WhisperSpec

    dims = checkpoint.dims
    spec = WhisperSpec(dims.n_audio_layer, dims.n_audio_head, dims.n_text_layer, dims.n_text_head)
    for theirs, ours in tensor_names.ctranslate2(dims):
        parts = [_part(checkpoint, name, ours) for name in ours]
        _set(spec, theirs, np.concatenate(parts) if len(parts) > 1 else parts[0])
    _set(spec, "decoder/projection/weight", checkpoint.tensors["decoder.token_embedding.weight"])
    settings = checkpoint.generation
    spec.config.suppress_ids = list(settings.suppress)
    spec.config.suppress_ids_begin = list(settings.suppress_begin)
    spec.config.lang_ids = list(settings.languages)
    spec.config.alignment_heads = [list(pair) for pair in settings.alignment_heads]
    spec.register_vocabulary(tokenizer.words_of(checkpoint.tokenizer, dims.n_vocab))
    spec.validate()
    spec.optimize(quantization=checkpoint.dtype)
    spec.save(str(folder))
    (folder / "tokenizer.json").write_text(checkpoint.tokenizer, encoding="utf-8")
    features = {"feature_size": dims.n_mels}  # faster-whisper assumes 80 otherwise
    (folder / "preprocessor_config.json").write_text(json.dumps(features), encoding="utf-8")


def _part(checkpoint: Checkpoint, name: str, fused: tuple[str, ...]) -> Any:
    if name in checkpoint.tensors:
        return np.ascontiguousarray(checkpoint.tensors[name])
    like = checkpoint.tensors[next(n for n in fused if n in checkpoint.tensors)]
    return np.zeros_like(like)


def _set(spec: Any, name: str, value: Any) -> None:
    *scopes, last = name.split("/")
    for scope in scopes:
        layers, _, number = scope.rpartition("_")
        if hasattr(spec, scope):
            spec = getattr(spec, scope)
        else:  # layer_3 is item 3 of the list `layer`
            spec = getattr(spec, layers)[int(number)]
    setattr(spec, last, value)

"""CTranslate2 folders. Query, key and value are one matrix, which is split again here.

Writing is left to that library's own classes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from unispeech.errors import ModelDamaged
from unispeech.models.convert import tensor_names, tokenizer
from unispeech.models.convert.checkpoint import Checkpoint, Tensor, checked, integers
from unispeech.models.convert.openai_defaults import Generation, generation
from unispeech.models.formats import ctranslate2
from unispeech.models.formats.ctranslate2 import Variable
from unispeech.models.formats.headers import read_json
from unispeech.models.formats.whisper_shape import Dims, shapes


def read(folder: Path, fetch: tokenizer.Fetch) -> Checkpoint:
    """Read a folder of float32, float16, bfloat16, int16 or int8 weights.

    Raises:
        ModelDamaged: truncated, incomplete, or of another architecture.
    """
    ctranslate2.facts(folder, str(folder))
    dims, tensors = weights(folder)
    settings = read_json(folder / "config.json")
    text, notes = _tokenizer(folder, dims, fetch)
    usual = generation(dims)
    heads = tuple((int(layer), int(head)) for layer, head in settings.get("alignment_heads") or ())
    if not heads:
        notes += ["the alignment heads are the usual ones of a model of this size"]
    stored = ctranslate2.variables(folder / "model.bin").values()
    if any(variable.type in ("int8", "int16") for variable in stored if variable.shape):
        notes += ["the weights were quantised: what they lost in rounding is not coming back"]
    found = Generation(
        alignment_heads=heads or usual.alignment_heads,
        suppress=integers(settings.get("suppress_ids")) or usual.suppress,
        suppress_begin=integers(settings.get("suppress_ids_begin")) or usual.suppress_begin,
        languages=integers(settings.get("lang_ids")) or usual.languages,
    )
    return Checkpoint(dims, tensors, text, found, tuple(notes))


def weights(folder: Path) -> tuple[Dims, dict[str, Tensor]]:
    """The dimensions and all tensors; what is not quantised stays on disk until it is read.

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
    if scale is not None:  # one for the whole matrix, or one a row
        factors = _load(path, scale)
        values = values.astype(np.float32) / factors.reshape(-1, *[1] * (values.ndim - 1))
    return values if variable.shape else values[0]


def _tensors(path: Path, index: Mapping[str, Variable], dims: Dims) -> dict[str, Tensor]:
    expected, found = dict(shapes(dims)), {}
    for theirs, ours in tensor_names.ctranslate2(dims):
        if theirs not in index:
            raise ModelDamaged(f"{path}: the variable {theirs} is missing", "fetch it again")
        fused = _load(path, index[theirs], index.get(f"{theirs}_scale"))
        height = fused.shape[0] // len(ours)
        for number, name in enumerate(ours):
            part = fused[number * height : (number + 1) * height]
            if name in expected:
                found[name] = part
            elif part.any():  # a key's bias, which Whisper does not have
                raise ModelDamaged(f"{path}: {theirs} has a bias where Whisper has none")
    return checked(found, dims, path)


def _tokenizer(folder: Path, dims: Dims, fetch: tokenizer.Fetch) -> tuple[str, list[str]]:
    if (folder / "tokenizer.json").is_file():
        read_json(folder / "tokenizer.json")
        return (folder / "tokenizer.json").read_text(encoding="utf-8"), []
    if (folder / "vocabulary.json").is_file():
        words = [str(token) for token in read_json(folder / "vocabulary.json")]
    else:
        words = (folder / "vocabulary.txt").read_text(encoding="utf-8").split("\n")[: dims.n_vocab]
    return tokenizer.tokenizer_of(words), ["tokenizer.json was made from the vocabulary"]


def write(checkpoint: Checkpoint, folder: Path) -> None:
    """Write a folder that CTranslate2 and faster-whisper load."""
    from ctranslate2.specs import WhisperSpec

    dims = checkpoint.dims
    spec = WhisperSpec(dims.n_audio_layer, dims.n_audio_head, dims.n_text_layer, dims.n_text_head)
    for theirs, ours in tensor_names.ctranslate2(dims):
        parts = [_part(checkpoint, name, ours) for name in ours]
        _set(spec, theirs, np.concatenate(parts) if len(parts) > 1 else parts[0])
    _set(spec, "decoder/projection/weight", checkpoint.tensors["decoder.token_embedding.weight"])
    found = checkpoint.generation
    spec.config.suppress_ids = list(found.suppress)
    spec.config.suppress_ids_begin = list(found.suppress_begin)
    spec.config.lang_ids = list(found.languages)
    spec.config.alignment_heads = [list(pair) for pair in found.alignment_heads]
    spec.register_vocabulary(tokenizer.words_of(checkpoint.tokenizer, dims.n_vocab))
    spec.validate()
    spec.optimize(quantization=checkpoint.dtype)
    spec.save(str(folder))
    (folder / "tokenizer.json").write_text(checkpoint.tokenizer, encoding="utf-8")
    features = {"feature_size": dims.n_mels}  # faster-whisper assumes 80 otherwise
    (folder / "preprocessor_config.json").write_text(json.dumps(features), encoding="utf-8")


def _part(checkpoint: Checkpoint, name: str, together: tuple[str, ...]) -> Any:
    if name in checkpoint.tensors:
        return np.ascontiguousarray(checkpoint.tensors[name])
    like = checkpoint.tensors[next(n for n in together if n in checkpoint.tensors)]
    return np.zeros_like(like)


def _set(spec: Any, name: str, value: Any) -> None:
    *scopes, last = name.split("/")
    for scope in scopes:
        listed, _, number = scope.rpartition("_")
        if hasattr(spec, scope):
            spec = getattr(spec, scope)
        else:  # layer_3 is the fourth of `layer`
            spec = getattr(spec, listed)[int(number)]
    setattr(spec, last, value)

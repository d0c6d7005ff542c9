"""MLX folders, as mlx-whisper and the Hub's `mlx-community` have them.

The tensors have OpenAI's names, except for two layers of each block. Convolutions are (out, width,
in) instead of (out, in, width). The alignment heads are among the tensors.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from unispeech.errors import ModelDamaged
from unispeech.models.convert import hf, tokenizer
from unispeech.models.convert.checkpoint import Checkpoint, Tensor, checked_tensors
from unispeech.models.convert.openai_defaults import generation
from unispeech.models.formats import mlx
from unispeech.models.formats.headers import read_object
from unispeech.models.formats.whisper_shape import shapes

HEADS = "alignment_heads"
"""Name of the alignment heads: integers (heads, 2), layer and head."""
POSITIONS = "encoder.positional_embedding"
THEIR_POSITIONS = "encoder._positional_embedding"
"""Name of the encoder's positions. mlx-whisper reads them; published files leave them out."""


def read(folder: Path, fetch: tokenizer.Fetch) -> Checkpoint:
    """Read a folder of mlx-whisper.

    Raises:
        ModelDamaged: truncated, incomplete, or quantised.
    """
    config = read_object(folder / "config.json")
    if config.get("quantization"):
        raise ModelDamaged(
            f"{folder}: a quantised MLX model cannot be converted",
            "convert the float16 model, or another format",
        )
    dims = mlx.dimensions(config, folder)
    theirs = weights(folder)
    tensors = {
        ours: _transposed(ours, theirs[name])
        for ours, _ in shapes(dims)
        if (name := their_name(ours)) in theirs
    }
    notes = ["the tokenizer and the suppressed tokens are OpenAI's; MLX folders have none"]
    if POSITIONS not in tensors:
        kind = next(iter(tensors.values())).dtype if tensors else np.float16
        tensors[POSITIONS] = sinusoids(dims.n_audio_ctx, dims.n_audio_state).astype(kind)
        notes += ["the encoder's positions are computed; the folder has none"]
    settings = generation(dims)
    if HEADS in theirs:
        settings = replace(settings, alignment_heads=_pairs(theirs[HEADS]))
    text = tokenizer.standard(dims.n_vocab, fetch)
    return Checkpoint(dims, checked_tensors(tensors, dims, folder), text, settings, tuple(notes))


def weights(folder: Path) -> dict[str, Tensor]:
    """Return all tensors of a folder by their names in the file.

    Raises:
        ModelDamaged: the file is truncated.
    """
    path = mlx.weight_file(folder)
    if path.suffix == ".safetensors":
        return hf.safetensors(path)
    try:
        with mlx.npz_arrays(path) as arrays:
            return dict(arrays.items())
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError):
        raise ModelDamaged(f"{path}: truncated or damaged", "download it again") from None


def write(checkpoint: Checkpoint, folder: Path) -> None:
    """Write a folder for `mlx_whisper.transcribe(..., path_or_hf_repo=folder)`.

    Raises:
        ModelDamaged: the vocabulary is not OpenAI's, the only one that mlx-whisper has.
    """
    dims = checkpoint.dims
    tokenizer.must_be_standard(checkpoint.tokenizer, dims.n_vocab, "an MLX folder")
    named = {
        their_name(name): np.ascontiguousarray(_transposed(name, tensor), dtype=checkpoint.dtype)
        for name, tensor in checkpoint.tensors.items()
    }
    named[HEADS] = np.array(checkpoint.generation.alignment_heads, np.int64).reshape(-1, 2)
    hf.save_safetensors(named, folder / "weights.safetensors", "mlx")
    config = {**dims.as_dict(), "model_type": "whisper"}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def their_name(name: str) -> str:
    """Return mlx-whisper's name of a tensor."""
    if name == POSITIONS:
        return THEIR_POSITIONS
    return name.replace(".mlp.0.", ".mlp1.").replace(".mlp.2.", ".mlp2.")


def sinusoids(length: int, width: int) -> Tensor:
    """Return the encoder's positions of openai/whisper: float32 (length, width)."""
    step = np.log(10000) / (width // 2 - 1)
    scales = np.exp(-step * np.arange(width // 2)).astype(np.float32)
    angles = np.arange(length, dtype=np.float32)[:, None] * scales
    result: Tensor = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    return result


def _transposed(name: str, tensor: Tensor) -> Tensor:
    """Swap the last two axes of a convolution; other tensors pass."""
    return tensor.swapaxes(1, 2) if ".conv" in name and tensor.ndim == 3 else tensor


def _pairs(heads: Any) -> tuple[tuple[int, int], ...]:
    return tuple((int(layer), int(head)) for layer, head in heads)

"""OpenAI's `.pt` files.

They have no tokenizer (openai-whisper brings its own) and no alignment heads; the files written
here carry the settings of decoding in one entry more, which openai-whisper leaves alone.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from unispeech.errors import ModelDamaged
from unispeech.models.convert import tokenizer
from unispeech.models.convert.checkpoint import Checkpoint, array, checked, integers
from unispeech.models.convert.openai_defaults import Generation, Heads, generation
from unispeech.models.formats import openai

SETTINGS = "generation"
"""Our own entry of the file."""


def read(path: Path, fetch: tokenizer.Fetch) -> Checkpoint:
    """Read a `.pt` file of openai-whisper, official or fine-tuned.

    Raises:
        BackendMissing: torch is not installed.
        ModelDamaged: truncated, incomplete, or not a Whisper.
    """
    loaded = openai.load(path)
    dims = openai.dimensions(loaded, path)
    state = loaded.get("model_state_dict")
    if not isinstance(state, dict):
        raise ModelDamaged(f"{path}: it has no model_state_dict", "give a Whisper model")
    tensors = checked({name: array(tensor) for name, tensor in state.items()}, dims, path)
    try:
        text = tokenizer.standard(dims.n_vocab, fetch)
    except ModelDamaged as error:
        raise ModelDamaged(f"{path}: {error.message}", error.hint) from None
    notes = ["the tokenizer is OpenAI's for this vocabulary: a .pt file has none"]
    found = _generation(loaded)
    if found is None:
        found = generation(dims)
        notes += ["the alignment heads and suppressed tokens are OpenAI's for this size"]
    return Checkpoint(dims, tensors, text, found, tuple(notes))


def write(checkpoint: Checkpoint, path: Path) -> None:
    """Write a file that `whisper.load_model(path)` loads.

    Raises:
        BackendMissing: torch is not installed.
        ModelDamaged: the vocabulary is not OpenAI's, and openai-whisper has no other.
    """
    tokenizer.must_be_standard(checkpoint.tokenizer, checkpoint.dims.n_vocab, "an OpenAI .pt file")
    torch = openai.import_torch(path)
    state = {
        name: torch.from_numpy(np.array(tensor, dtype=checkpoint.dtype))
        for name, tensor in checkpoint.tensors.items()
    }
    found = asdict(checkpoint.generation)
    content = {"dims": checkpoint.dims.as_dict(), "model_state_dict": state, SETTINGS: found}
    try:
        with path.open("wb") as file:
            torch.save(content, file)
    except RuntimeError as error:  # what torch makes of a full disk
        raise (error.__context__ if isinstance(error.__context__, OSError) else error) from None


def alignment_heads(path: Path) -> Heads:
    """The heads that follow the words, which `whisper.load_model(path)` does not know of a path."""
    loaded = openai.load(path)
    found = _generation(loaded) or generation(openai.dimensions(loaded, path))
    return found.alignment_heads


def _generation(loaded: Any) -> Generation | None:
    given = loaded.get(SETTINGS)
    if not given:
        return None
    return Generation(
        alignment_heads=tuple((int(a), int(b)) for a, b in given["alignment_heads"]),
        suppress=integers(given["suppress"]),
        suppress_begin=integers(given["suppress_begin"]),
        languages=integers(given["languages"]),
    )

"""Conversion of checkpoints: a neutral form, and a reader and a writer per format."""

from __future__ import annotations

from pathlib import Path

from unispeech import _old
from unispeech.errors import ModelDamaged, OptionError
from unispeech.models.convert.checkpoint import Checkpoint
from unispeech.models.convert.tokenizer import Fetch
from unispeech.models.formats import registry

__path__.append(f"{_old.__path__[0]}/models/convert")

FORMATS = ("ctranslate2", "hf", "openai", "ggml", "mlx")
"""Formats that can be written. LoRA adapters (`lora`) can be read as well."""


def read(path: Path, fetch: Fetch) -> Checkpoint:
    """Read a model of any format.

    `fetch` returns the CTranslate2 folder of another model by name: for a tokenizer that the format
    lacks, and for the base model of an adapter.

    Raises:
        ModelDamaged: truncated, incomplete, or of another architecture.
        BackendMissing: a library that the format needs is not installed.
    """
    from unispeech.models.convert import ctranslate2, ggml, hf, lora, mlx, openai

    format = registry.format_of(path)
    if format == "lora":
        return lora.read(path, lambda name: read(_base(name, fetch), fetch))
    readers = {
        "ctranslate2": ctranslate2.read, "hf": hf.read, "openai": openai.read, "ggml": ggml.read,
        "mlx": mlx.read,
    }  # fmt: skip
    if format not in readers:
        raise ModelDamaged(f"{path}: a {format} model, not Whisper", "give a Whisper model")
    return readers[format](path, fetch)


def for_format(checkpoint: Checkpoint, format: str) -> Checkpoint:
    """Return the model in a precision that a format supports, with a note if that loses some."""
    from unispeech.models.convert import ggml

    return ggml.to_float16(checkpoint) if format == "ggml" else checkpoint


def _base(name: str, fetch: Fetch) -> Path:
    path = Path(name).expanduser()
    return path if path.exists() else fetch(name)


def write(checkpoint: Checkpoint, folder: Path, format: str, name: str = "model") -> Path:
    """Write a model into an existing folder, and return its path: the folder or a file in it.

    Raises:
        OptionError: the format is unknown.
        ModelDamaged: the format cannot hold this model.
        BackendMissing: a library that the format needs is not installed.
        OSError: the disk is full or not writable.
    """
    from unispeech.models.convert import ctranslate2, ggml, hf, mlx, openai

    if format == "ctranslate2":
        ctranslate2.write(checkpoint, folder)
    elif format == "hf":
        hf.write(checkpoint, folder)
    elif format == "mlx":
        mlx.write(checkpoint, folder)
    elif format == "openai":
        openai.write(checkpoint, path := folder / f"{name}.pt")
        return path
    elif format == "ggml":
        ggml.write(checkpoint, path := folder / f"ggml-{name}.bin")
        return path
    else:
        raise OptionError(f"format {format!r} is unknown", f"use one of {', '.join(FORMATS)}")
    return folder


__all__ = ["FORMATS", "Checkpoint", "Fetch", "for_format", "read", "write"]

"""The formats of weights on disk, as data. To add a format, add a module and a row.

Reads headers and small JSON files only, never the weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from unispeech.errors import ModelDamaged, UnknownModel
from unispeech.models.facts import ModelFacts
from unispeech.models.formats import ctranslate2, ggml, hf, lora, mlx, onnx, openai, sherpa


@dataclass(frozen=True, slots=True)
class Format:
    """A file format of weights."""

    name: str
    matches: Callable[[Path], bool]
    """Check of a folder, or of a file if `suffix` is set, by its name or first bytes."""
    facts: Callable[[Path, str], ModelFacts]
    """Languages and tasks of the weights at a path. Raises ModelDamaged."""
    is_complete: Callable[[Path], bool] = lambda path: True
    """Check that a backend can load the path as it is; fine-tunes often lack the tokenizer.
    Raises ModelDamaged if the weights are truncated."""
    suffix: str = ""
    """File suffix of a single-file format; empty for a folder."""


FORMATS: tuple[Format, ...] = (
    Format(
        "ctranslate2",
        lambda folder: (folder / "model.bin").is_file(),
        ctranslate2.facts,
        ctranslate2.is_complete,
    ),
    Format(
        "lora",
        lambda folder: (folder / lora.CONFIG).is_file(),
        # The base model is not looked up here, so these facts are the defaults.
        lambda folder, name: ModelFacts(name),
    ),
    Format("onnx", onnx.matches, onnx.facts),
    Format("sherpa", sherpa.matches, sherpa.facts),
    Format("mlx", mlx.matches, mlx.facts, mlx.is_complete),
    Format("hf", hf.matches, hf.facts, hf.is_complete),
    Format(
        "pyannote",
        lambda folder: (folder / "config.yaml").is_file(),
        lambda folder, name: ModelFacts(name, "diarization", {}, translates=False),
    ),
    Format("ggml", ggml.matches, ggml.facts, ggml.is_complete, suffix=".bin"),
    Format("openai", openai.matches, openai.facts, suffix=".pt"),
)
BY_NAME = {format.name: format for format in FORMATS}


def find(path: Path) -> Format:
    """Return the format of the weights at a path.

    Raises:
        UnknownModel: the path holds no model.
        ModelDamaged: the model is incomplete; the message names the missing part.
    """
    if path.suffix in (".yaml", ".yml") and path.is_file():
        return BY_NAME["pyannote"]
    for format in FORMATS:
        if bool(format.suffix) == path.is_file() and format.matches(path):
            return format
    raise _unknown_file(path) if path.is_file() else _unknown_folder(path)


def format_of(path: Path) -> str:
    """Return the name of the format of the weights at a path. Raises as `find`."""
    return find(path).name


def facts_of(path: Path, name: str = "") -> ModelFacts:
    """Return the languages and tasks of the weights at a path.

    Raises:
        UnknownModel: the path holds no model.
        ModelDamaged: incomplete, or neither Whisper nor a CTC model.
    """
    return find(path).facts(path, name or str(path))


def fingerprint(path: Path) -> str:
    """Return a hash of names, sizes and modification times of the files at a path."""
    files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
    state = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in files]
    return hashlib.sha256(repr(state).encode()).hexdigest()


def _unknown_file(path: Path) -> Exception:
    if path.name in ("model.bin", *hf.WEIGHTS, *mlx.WEIGHTS, lora.WEIGHTS):
        return ModelDamaged(f"{path}: a single file of a model", "give its folder")
    if path.suffix == ".bin":
        return ModelDamaged(f"{path}: not a ggml file", "check that the download is complete")
    return UnknownModel(
        f"{path}: not a model", "give an OpenAI .pt file, a ggml .bin file or a model folder"
    )


def _unknown_folder(path: Path) -> Exception:
    if any(path.glob("*.onnx")):
        return ModelDamaged(
            f"{path}: ONNX files in an unknown layout",
            "give a folder in a layout of onnx-asr, or one of sherpa-onnx with its tokens.txt",
        )
    if (path / "config.json").is_file():
        return ModelDamaged(
            f"{path}: a config.json but no weights",
            "expected model.bin (CTranslate2), model.safetensors (Hugging Face) or "
            "weights.safetensors (MLX)",
        )
    return UnknownModel(
        f"{path}: no model in this folder",
        "give a CTranslate2, Hugging Face or MLX folder, an OpenAI .pt or a ggml .bin file",
    )

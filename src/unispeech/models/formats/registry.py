"""The formats that weights on disk have, as data. Adding a format is a module and a row.

Only headers and small JSON files are read here, never the weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from unispeech.errors import ModelDamaged, UnknownModel
from unispeech.models.facts import ModelFacts
from unispeech.models.formats import ctranslate2, ggml, hf, lora, openai


@dataclass(frozen=True, slots=True)
class Format:
    """One way to lay out the weights of a model."""

    name: str
    matches: Callable[[Path], bool]
    """Recognise it by its name or first bytes; given a file or a folder as `suffix` says."""
    facts: Callable[[Path, str], ModelFacts]
    """Languages and tasks of the weights at a path. Raises ModelDamaged."""
    is_complete: Callable[[Path], bool] = lambda path: True
    """Say whether a backend can load it as it is: a fine-tune often lacks its tokenizer. Raises
    ModelDamaged where the weights are truncated."""
    suffix: str = ""
    """Of a format that is one file; empty for a folder."""


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
        # The base may be anything; what the adapter was trained for is its owner's business.
        lambda folder, name: ModelFacts(name),
    ),
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
    """The format of the weights at a path.

    Raises:
        UnknownModel: there is no model at all.
        ModelDamaged: there is a part of one; the message says what is missing.
    """
    if path.suffix in (".yaml", ".yml") and path.is_file():
        return BY_NAME["pyannote"]
    for format in FORMATS:
        if bool(format.suffix) == path.is_file() and format.matches(path):
            return format
    raise _unknown_file(path) if path.is_file() else _unknown_folder(path)


def format_of(path: Path) -> str:
    """The name of the format of the weights at a path. Raises as `find`."""
    return find(path).name


def facts_of(path: Path, name: str = "") -> ModelFacts:
    """Languages and tasks of the weights at a path.

    Raises:
        ModelDamaged: no weights, or of another architecture than Whisper or a CTC model.
    """
    return find(path).facts(path, name or str(path))


def fingerprint(path: Path) -> str:
    """Changes when a file at the path changes: names, lengths and times of change."""
    files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
    state = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in files]
    return hashlib.sha256(repr(state).encode()).hexdigest()


def _unknown_file(path: Path) -> Exception:
    if path.name in ("model.bin", *hf.WEIGHTS, lora.WEIGHTS):
        return ModelDamaged(f"{path}: this is one file of a model", "give the folder it lies in")
    if path.suffix == ".bin":
        return ModelDamaged(f"{path}: not a ggml file", "is the download complete?")
    return UnknownModel(
        f"{path}: no model", "expected an OpenAI .pt, a ggml .bin, or the folder of another format"
    )


def _unknown_folder(path: Path) -> Exception:
    if (path / "config.json").is_file():
        return ModelDamaged(
            f"{path}: there is a config.json but no weights",
            "expected model.bin (CTranslate2) or model.safetensors (Hugging Face)",
        )
    return UnknownModel(
        f"{path}: this folder holds no model",
        "expected a CTranslate2 or Hugging Face folder, an OpenAI .pt or a ggml .bin file",
    )

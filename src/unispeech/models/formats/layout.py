"""What lies at a path: which format the weights have and which languages they know.

Only headers and small JSON files are read here, never the weights.

    ctranslate2   a folder: model.bin, config.json, vocabulary.txt or .json, tokenizer.json
    hf            a folder: config.json, model.safetensors (or shards, or pytorch_model.bin)
    lora          a folder: adapter_config.json, adapter_model.safetensors
    openai        one file: NAME.pt
    ggml          one file: NAME.bin
    pyannote      a folder: config.yaml, and a folder for each of its models
"""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

from unispeech import languages
from unispeech.errors import ModelDamaged, UnknownModel
from unispeech.models.catalog import ENGLISH, WITHOUT_CANTONESE
from unispeech.models.facts import ModelFacts
from unispeech.models.formats import ctc_folder

CTRANSLATE2_WHISPER = b"\x0c\x00WhisperSpec\x00"
"""The name of the architecture as it stands in `model.bin` after its version."""
GGML_MAGIC = 0x67676D6C
HF_WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
SUFFIX = {"openai": ".pt", "ggml": ".bin"}
"""The formats that are one file."""


def format_of(path: Path) -> str:
    """The format of the weights at a path.

    Raises:
        UnknownModel: there is no model at all.
        ModelDamaged: there is a part of one; the message says what is missing.
    """
    if path.is_file():
        return _format_of_file(path)
    if (path / "model.bin").is_file():
        return "ctranslate2"
    if (path / "adapter_config.json").is_file():
        return "lora"
    if any((path / name).is_file() for name in HF_WEIGHTS):
        return "hf"
    if (path / "config.yaml").is_file():
        return "pyannote"
    if (path / "config.json").is_file():
        raise ModelDamaged(
            f"{path}: there is a config.json but no weights",
            "expected model.bin (CTranslate2) or model.safetensors (Hugging Face)",
        )
    raise UnknownModel(
        f"{path}: this folder holds no model",
        "expected a CTranslate2 or Hugging Face folder, an OpenAI .pt or a ggml .bin file",
    )


def _format_of_file(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    if len(start) == 4 and struct.unpack("<I", start)[0] == GGML_MAGIC:
        return "ggml"
    if path.suffix in (".yaml", ".yml"):
        return "pyannote"
    if start[:2] == b"PK" or path.suffix == ".pt":
        return "openai"
    if path.name in ("model.bin", *HF_WEIGHTS, "adapter_model.safetensors"):
        raise ModelDamaged(f"{path}: this is one file of a model", "give the folder it lies in")
    if path.suffix == ".bin":
        raise ModelDamaged(f"{path}: not a ggml file", "is the download complete?")
    raise UnknownModel(
        f"{path}: no model", "expected an OpenAI .pt, a ggml .bin, or the folder of another format"
    )


def facts_of(path: Path, name: str = "") -> ModelFacts:
    """Languages and tasks of the weights at a path.

    Raises:
        ModelDamaged: no weights, or of another architecture than Whisper or a CTC model.
    """
    name = name or str(path)
    kind = format_of(path)
    if kind == "ctranslate2":
        return _whisper(name, ctranslate2_vocabulary_size(path))
    if kind == "ggml":
        return _whisper(name, ggml_header(path)[0])
    if kind == "openai":
        from unispeech.models.convert import openai

        return _whisper(name, openai.dimensions(path).n_vocab)
    if kind == "lora":
        # The base may be anything; what the adapter was trained for is its owner's business.
        return ModelFacts(name)
    if kind == "pyannote":
        return ModelFacts(name, "diarization", {}, translates=False)
    return _hf(path, name)


def _whisper(name: str, vocabulary: int) -> ModelFacts:
    """Whisper's three vocabularies differ in length: English, multilingual, with Cantonese."""
    if vocabulary == 51864:
        return ModelFacts(name, languages=ENGLISH, translates=False)
    if vocabulary == 51865:
        return ModelFacts(name, languages=WITHOUT_CANTONESE)
    return ModelFacts(name, languages=languages.WHISPER)


def _hf(path: Path, name: str) -> ModelFacts:
    config = read_json(path / "config.json")
    kind = config.get("model_type", "")
    if kind == "whisper":
        return _whisper(name, int(config.get("vocab_size", 51865)))
    if kind in ctc_folder.ARCHITECTURES:
        return ctc_folder.facts_of(path, name)
    raise ModelDamaged(f"{path}: a {kind or 'nameless'} model, not Whisper", "give a Whisper model")


def ctranslate2_vocabulary_size(folder: Path) -> int:
    """The number of tokens of a CTranslate2 Whisper folder.

    Raises:
        ModelDamaged: not Whisper, or no vocabulary.
    """
    with (folder / "model.bin").open("rb") as file:
        start = file.read(64)
    if start[4 : 4 + len(CTRANSLATE2_WHISPER)] != CTRANSLATE2_WHISPER:
        raise ModelDamaged(
            f"{folder / 'model.bin'}: not a CTranslate2 Whisper model",
            "it is truncated, or of another architecture",
        )
    if (folder / "vocabulary.json").is_file():
        tokens = read_json(folder / "vocabulary.json")
        return len(tokens)
    if (folder / "vocabulary.txt").is_file():
        with (folder / "vocabulary.txt").open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 16), b""))
    raise ModelDamaged(
        f"{folder}: vocabulary.json or vocabulary.txt is missing", "fetch the model again"
    )


def ggml_header(path: Path) -> tuple[int, ...]:
    """The eleven numbers after the magic of a ggml Whisper file, n_vocab first.

    Raises:
        ModelDamaged: the file ends inside them.
    """
    with path.open("rb") as file:
        start = file.read(48)
    if len(start) < 48:
        raise ModelDamaged(f"{path}: the file ends inside its header", "fetch it again")
    return struct.unpack("<11i", start[4:])


COMPLETE = {
    "ctranslate2": ("config.json", "tokenizer.json"),
    "hf": ("tokenizer.json", "preprocessor_config.json", "generation_config.json"),
}


def complete(path: Path, format: str) -> bool:
    """Whether a backend can load it as it is: a fine-tune often lies without its tokenizer.

    Raises:
        ModelDamaged: the weights are truncated.
    """
    if format == "ctranslate2":
        from unispeech.models.convert import ctranslate2

        ctranslate2.variables(path / "model.bin")
    if format == "hf":
        from unispeech.models.convert import hf

        hf.must_be_whole(path)
    if format == "ggml":
        from unispeech.models.convert import ggml

        ggml.must_be_whole(path)
        return ggml_header(path)[10] != ggml.FLOAT32  # which whisper.cpp does not survive
    return all((path / name).is_file() for name in COMPLETE.get(format, ()))


def fingerprint(path: Path) -> str:
    """Changes when a file at the path changes: names, lengths and times of change."""
    files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
    state = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in files]
    return hashlib.sha256(repr(state).encode()).hexdigest()


def read_json(path: Path) -> Any:
    """Parse one of a model's JSON files.

    Raises:
        ModelDamaged: missing, or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelDamaged(f"{path.parent}: {path.name} is missing", "fetch it again") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelDamaged(f"{path}: not JSON ({error})", "fetch it again") from None

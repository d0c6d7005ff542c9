"""Hugging Face: a folder as saved by transformers, with a Whisper or CTC model or a classifier.

It holds `config.json`, the weights (one safetensors file, shards, or the older
`pytorch_model.bin`), and the tokenizer's files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unispeech.errors import ModelDamaged
from unispeech.models.facts import ModelFacts
from unispeech.models.formats import ctc_folder, whisper_shape
from unispeech.models.formats.headers import read_json, read_object, tensor_shapes
from unispeech.models.formats.whisper_shape import Dims

WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)


def matches(folder: Path) -> bool:
    return any((folder / name).is_file() for name in WEIGHTS)


def facts(folder: Path, name: str) -> ModelFacts:
    """Return languages and tasks. Raises ModelDamaged: another architecture, or no config.json."""
    config = read_object(folder / "config.json")
    kind = config.get("model_type", "")
    if kind == "whisper":
        n_vocab = int(config.get("vocab_size", whisper_shape.MULTILINGUAL))
        return whisper_shape.facts(name, n_vocab)
    if kind in ctc_folder.ARCHITECTURES:
        return ctc_folder.facts_of(folder, name)
    raise ModelDamaged(
        f"{folder}: model_type {kind!r} is not supported", "give a Whisper or CTC model"
    )


def is_complete(folder: Path) -> bool:
    """Return True if a Whisper model has all its small files; CTC models need none.

    Raises:
        ModelDamaged: the weights are truncated.
    """
    if read_object(folder / "config.json").get("model_type") != "whisper":
        return True
    for path in sorted(folder.glob("*.safetensors")):
        tensor_shapes(path)
    needed = ("tokenizer.json", "preprocessor_config.json", "generation_config.json")
    return all((folder / name).is_file() for name in needed)


def weight_files(folder: Path) -> list[Path]:
    """Return the files that hold the weights.

    Raises:
        ModelDamaged: no such file exists.
    """
    for path in (folder / name for name in WEIGHTS):
        if path.is_file() and path.name.endswith(".index.json"):
            return [folder / shard for shard in sorted(set(read_json(path)["weight_map"].values()))]
        if path.is_file():
            return [path]
    raise ModelDamaged(f"{folder}: no weights found", f"expected one of {', '.join(WEIGHTS)}")


def dimensions(config: Mapping[str, Any], folder: Path) -> Dims:
    """Return the dimensions of a Whisper model from its config.json.

    Raises:
        ModelDamaged: a value is missing.
    """
    try:
        return Dims(
            n_mels=config["num_mel_bins"],
            n_audio_ctx=config["max_source_positions"],
            n_audio_state=config["d_model"],
            n_audio_head=config["encoder_attention_heads"],
            n_audio_layer=config["encoder_layers"],
            n_vocab=config["vocab_size"],
            n_text_ctx=config["max_target_positions"],
            n_text_state=config["d_model"],
            n_text_head=config["decoder_attention_heads"],
            n_text_layer=config["decoder_layers"],
        )
    except KeyError as error:
        raise ModelDamaged(f"{folder / 'config.json'}: {error} is missing") from None

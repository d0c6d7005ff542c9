"""A LoRA adapter of peft: a folder with `adapter_config.json` and `adapter_model.safetensors`."""

from __future__ import annotations

from pathlib import Path

from unispeech.errors import ModelDamaged
from unispeech.models.formats.headers import read_json

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def base_of(folder: Path) -> str:
    """The model an adapter was trained on; a path is also looked for beside the adapter."""
    name = str(read_json(folder / CONFIG).get("base_model_name_or_path") or "")
    if not name:
        raise ModelDamaged(f"{folder / CONFIG}: it names no base model")
    beside = folder / name
    return str(beside) if not Path(name).is_absolute() and beside.exists() else name

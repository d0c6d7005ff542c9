"""A LoRA adapter of peft: a folder with `adapter_config.json` and `adapter_model.safetensors`."""

from __future__ import annotations

from pathlib import Path

from unispeech.errors import ModelDamaged
from unispeech.models.formats.headers import read_object

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def base_of(folder: Path) -> str:
    """Return the base model of an adapter; a relative path may be relative to the adapter.

    Raises:
        ModelDamaged: the configuration names no base model.
    """
    name = str(read_object(folder / CONFIG).get("base_model_name_or_path") or "")
    if not name:
        raise ModelDamaged(f"{folder / CONFIG}: base_model_name_or_path is missing")
    beside = folder / name
    return str(beside) if not Path(name).is_absolute() and beside.exists() else name

"""A model's JSON files and safetensors headers, whose defects are all `ModelDamaged`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unispeech.errors import ModelDamaged


def read_json(path: Path, default: Any = None) -> Any:
    """Parse a JSON file. For a missing file, return `default` if given.

    Raises:
        ModelDamaged: missing, or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if default is not None:
            return default
        raise ModelDamaged(f"{path.parent}: {path.name} is missing", "download it again") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelDamaged(f"{path}: not JSON ({error})", "download it again") from None


def read_object(path: Path, default: dict[str, Any] | None = None) -> dict[str, Any]:
    """Parse a JSON file that holds an object. For a missing file, return `default` if given.

    Raises:
        ModelDamaged: missing, or not a JSON object.
    """
    found = read_json(path, default)
    if not isinstance(found, dict):
        raise ModelDamaged(f"{path}: not a JSON object", "download it again")
    return found


def tensor_shapes(path: Path) -> Mapping[str, list[int]]:
    """Return names and shapes of a safetensors file, after checking its length.

    Raises:
        ModelDamaged: truncated, or not a safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            return {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError) as error:
        raise ModelDamaged(
            f"{path}: truncated, or not a safetensors file ({error})", "download it again"
        ) from None

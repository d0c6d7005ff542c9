"""MLX: a folder of mlx-whisper with `config.json` and `weights.safetensors` or `weights.npz`.

Since 2025-12 its converter writes `model.safetensors` instead.

`config.json` holds openai/whisper's `ModelDimensions`, and `quantization` if the weights are
quantised (ml-explore/mlx-examples, whisper/convert.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from unispeech.errors import ModelDamaged
from unispeech.models.facts import ModelFacts
from unispeech.models.formats import whisper_shape
from unispeech.models.formats.headers import read_object, tensor_shapes
from unispeech.models.formats.whisper_shape import Dims

WEIGHTS = ("weights.safetensors", "weights.npz")
"""Names of the weights, in the order in which mlx-whisper looks for them."""


NEW_WEIGHTS = "model.safetensors"
"""Name of the weights since 2025-12, which Hugging Face's folders have too."""


def matches(folder: Path) -> bool:
    if any((folder / name).is_file() for name in WEIGHTS):
        return True
    config = folder / "config.json"
    return (
        (folder / NEW_WEIGHTS).is_file()
        and config.is_file()
        and "n_audio_state" in read_object(config)
    )


def weight_file(folder: Path) -> Path:
    """Return the file that holds the weights."""
    names = (*WEIGHTS, NEW_WEIGHTS)
    return next(path for name in names if (path := folder / name).is_file())


def facts(folder: Path, name: str) -> ModelFacts:
    """Return languages and tasks. Raises as `dimensions`."""
    return whisper_shape.facts(
        name, dimensions(read_object(folder / "config.json"), folder).n_vocab
    )


def is_complete(folder: Path) -> bool:
    """Return True: mlx-whisper has the tokenizer.

    Raises:
        ModelDamaged: the weights are truncated.
    """
    path = weight_file(folder)
    if path.suffix == ".safetensors":
        tensor_shapes(path)
    else:
        npz_arrays(path).close()
    return True


def dimensions(config: Mapping[str, Any], folder: Path) -> Dims:
    """Return the dimensions of a model from its config.json.

    Raises:
        ModelDamaged: a value is missing.
    """
    try:
        return Dims(**{field.name: int(config[field.name]) for field in fields(Dims)})
    except KeyError as error:
        raise ModelDamaged(
            f"{folder / 'config.json'}: {error} is missing", "give a Whisper model of mlx-whisper"
        ) from None


def npz_arrays(path: Path) -> Any:
    """Open a `.npz` file, whose arrays are read when they are looked up.

    Raises:
        ModelDamaged: truncated, or not an archive of arrays.
    """
    import zipfile

    import numpy as np

    if not zipfile.is_zipfile(path):  # numpy would leave the file open
        raise ModelDamaged(f"{path}: truncated, or not an archive of arrays", "download it again")
    return np.load(path, allow_pickle=False)

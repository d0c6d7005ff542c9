"""Loading of transformers models from a folder, without downloads or output."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging

from unispeech.backends.failures import wrapped
from unispeech.errors import ModelDamaged

_VERBOSITY = threading.Lock()
_LOGGING: Any = logging


def load_model(
    model_class: Any,
    folder: Path,
    dtype: torch.dtype,
    device: torch.device,
    optional_weights: tuple[str, ...],
) -> Any:
    """Load a model in evaluation mode. Missing weights must match a part of `optional_weights`.

    Raises:
        ModelDamaged: the weights are missing, truncated or of another shape.
        BackendError: the device cannot be used.
    """
    with quiet(), wrapped(f"cannot read the model {folder}", error_class=ModelDamaged):
        model, info = model_class.from_pretrained(
            folder, dtype=dtype, local_files_only=True, output_loading_info=True
        )
    missing = [
        key for key in info["missing_keys"] if not any(part in key for part in optional_weights)
    ]
    if missing:
        names = ", ".join(sorted(missing)[:3])
        raise ModelDamaged(f"{folder}: the weights lack {names}", "download the model again")
    with wrapped(f"cannot use the device {device}"):
        return model.eval().to(device)


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress warnings and progress bars; the settings are global, so a lock guards them."""
    with _VERBOSITY, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        verbosity, has_bars = _LOGGING.get_verbosity(), _LOGGING.is_progress_bar_enabled()
        _LOGGING.set_verbosity_error()
        _LOGGING.disable_progress_bar()
        try:
            yield
        finally:
            _LOGGING.set_verbosity(verbosity)
            if has_bars:
                _LOGGING.enable_progress_bar()

"""Models of transformers, read from a folder: nothing is downloaded, and nothing printed."""

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

_LOUDNESS = threading.Lock()
_LOGGING: Any = logging


def load_model(
    kind: Any, folder: Path, dtype: torch.dtype, device: torch.device, dispensable: tuple[str, ...]
) -> Any:
    """A model in evaluation mode; the names of weights that it may lack contain `dispensable`.

    Raises:
        ModelDamaged: the weights are missing, truncated or of another shape.
        BackendError: the device cannot be used.
    """
    with quiet(), wrapped(f"cannot read the model {folder}", error_class=ModelDamaged):
        model, info = kind.from_pretrained(
            folder, dtype=dtype, local_files_only=True, output_loading_info=True
        )
    missing = [key for key in info["missing_keys"] if not any(d in key for d in dispensable)]
    if missing:
        names = ", ".join(sorted(missing)[:3])
        raise ModelDamaged(f"{folder}: the weights lack {names}", "fetch the model again")
    with wrapped(f"cannot use the device {device}"):
        return model.eval().to(device)


@contextmanager
def quiet() -> Iterator[None]:
    """Neither warnings nor progress bars, which the library keeps settings of for the process."""
    with _LOUDNESS, warnings.catch_warnings():
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

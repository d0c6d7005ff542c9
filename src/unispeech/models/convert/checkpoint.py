"""The neutral form that every reader returns and every writer takes.

Tensors have the names and shapes of openai/whisper's `model.py`, from which all other formats
derive, and the precision of the file they were read from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from unispeech.errors import ModelDamaged
from unispeech.models.convert.openai_defaults import Generation
from unispeech.models.formats.whisper_shape import Dims, shapes

Tensor: TypeAlias = "npt.NDArray[np.generic]"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A Whisper model in memory, independent of a format.

    `tokenizer` is the text of a Hugging Face `tokenizer.json`. `notes` list data that the source
    format lacks, and where it was taken from instead.
    """

    dims: Dims
    tensors: Mapping[str, Tensor]
    tokenizer: str
    generation: Generation
    notes: tuple[str, ...] = field(default=())

    @property
    def dtype(self) -> str:
        """`float16` if every tensor is, else `float32`."""
        kinds = {str(tensor.dtype) for tensor in self.tensors.values()}
        return "float16" if kinds == {"float16"} else "float32"

    def with_notes(self, *notes: str) -> Checkpoint:
        return replace(self, notes=(*self.notes, *notes))


def checked_tensors(tensors: Mapping[str, Tensor], dims: Dims, path: Path) -> dict[str, Tensor]:
    """Return exactly the tensors of these dimensions, in their usual order.

    Raises:
        ModelDamaged: a tensor is missing or has another shape. The message names the first.
    """
    result = {}
    for name, shape in shapes(dims):
        tensor = tensors.get(name)
        if tensor is None:
            raise ModelDamaged(f"{path}: the tensor {name} is missing", "download it again")
        if tensor.shape != shape:
            raise ModelDamaged(
                f"{path}: the tensor {name} has the shape {tensor.shape} instead of {shape}",
                "its configuration and its weights belong to different models",
            )
        result[name] = tensor
    return result


def integers(values: Any) -> tuple[int, ...]:
    """Return token ids from a JSON list; None counts as empty."""
    return tuple(int(value) for value in values or ())


def array(tensor: Any) -> Any:
    """Return a torch tensor as a numpy array; bfloat16, which numpy lacks, becomes float32."""
    if str(tensor.dtype) == "torch.bfloat16":
        tensor = tensor.float()
    return tensor.detach().cpu().numpy()

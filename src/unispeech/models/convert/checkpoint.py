"""The neutral form that every reader makes and every writer takes.

Tensors go by the names and shapes of openai/whisper's `model.py`, since that is where every other
format comes from, and keep the precision they are read in.
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
    """One Whisper, in no format in particular.

    `tokenizer` is the text of a Hugging Face `tokenizer.json`. `notes` say what the format it was
    read from could not hold, and where that was taken from instead.
    """

    dims: Dims
    tensors: Mapping[str, Tensor]
    tokenizer: str
    generation: Generation
    notes: tuple[str, ...] = field(default=())

    @property
    def dtype(self) -> str:
        """`float16` where every tensor is, else `float32`."""
        kinds = {str(tensor.dtype) for tensor in self.tensors.values()}
        return "float16" if kinds == {"float16"} else "float32"

    def with_notes(self, *notes: str) -> Checkpoint:
        return replace(self, notes=(*self.notes, *notes))


def checked(tensors: Mapping[str, Tensor], dims: Dims, path: Path) -> dict[str, Tensor]:
    """Exactly the tensors of these dimensions, in their usual order.

    Raises:
        ModelDamaged: one is missing or has another shape. The message names the first.
    """
    found = {}
    for name, shape in shapes(dims):
        tensor = tensors.get(name)
        if tensor is None:
            raise ModelDamaged(f"{path}: the tensor {name} is missing", "fetch it again")
        if tensor.shape != shape:
            raise ModelDamaged(
                f"{path}: the tensor {name} has the shape {tensor.shape} instead of {shape}",
                "its configuration and its weights are not of the same model",
            )
        found[name] = tensor
    return found


def integers(given: Any) -> tuple[int, ...]:
    """A list of token ids of a JSON file; an absent one is empty."""
    return tuple(int(value) for value in given or ())


def array(tensor: Any) -> Any:
    """A torch tensor as numpy; bfloat16, which numpy lacks, as float32."""
    if str(tensor.dtype) == "torch.bfloat16":
        tensor = tensor.float()
    return tensor.detach().cpu().numpy()

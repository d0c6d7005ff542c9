"""The neutral form that every reader makes and every writer takes.

Tensors go by the names and shapes of openai/whisper's `model.py`, since that is where every other
format comes from, and keep the precision they are read in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unispeech.errors import ModelDamaged
from unispeech.models.convert.standard import Generation

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Tensor = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Dims:
    """The shape of a Whisper, by the names of openai/whisper's `ModelDimensions`."""

    n_mels: int
    n_audio_ctx: int
    n_audio_state: int
    n_audio_head: int
    n_audio_layer: int
    n_vocab: int
    n_text_ctx: int
    n_text_state: int
    n_text_head: int
    n_text_layer: int

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


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


def shapes(dims: Dims) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every tensor that a Whisper of these dimensions has, and its shape."""
    audio, text = dims.n_audio_state, dims.n_text_state
    yield "encoder.conv1.weight", (audio, dims.n_mels, 3)
    yield "encoder.conv1.bias", (audio,)
    yield "encoder.conv2.weight", (audio, audio, 3)
    yield "encoder.conv2.bias", (audio,)
    yield "encoder.positional_embedding", (dims.n_audio_ctx, audio)
    for layer in range(dims.n_audio_layer):
        yield from _block(f"encoder.blocks.{layer}", audio, ("attn",))
    yield from _norm("encoder.ln_post", audio)
    yield "decoder.token_embedding.weight", (dims.n_vocab, text)
    yield "decoder.positional_embedding", (dims.n_text_ctx, text)
    for layer in range(dims.n_text_layer):
        yield from _block(f"decoder.blocks.{layer}", text, ("attn", "cross_attn"))
    yield from _norm("decoder.ln", text)


def _block(
    name: str, state: int, attentions: tuple[str, ...]
) -> Iterator[tuple[str, tuple[int, ...]]]:
    for attention in attentions:
        for part in ("query", "key", "value", "out"):
            yield f"{name}.{attention}.{part}.weight", (state, state)
            if part != "key":  # Whisper's keys have no bias
                yield f"{name}.{attention}.{part}.bias", (state,)
        yield from _norm(f"{name}.{attention}_ln", state)
    yield f"{name}.mlp.0.weight", (4 * state, state)
    yield f"{name}.mlp.0.bias", (4 * state,)
    yield f"{name}.mlp.2.weight", (state, 4 * state)
    yield f"{name}.mlp.2.bias", (state,)
    yield from _norm(f"{name}.mlp_ln", state)


def _norm(name: str, state: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (state,)
    yield f"{name}.bias", (state,)


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

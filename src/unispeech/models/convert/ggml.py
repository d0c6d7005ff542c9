"""ggml files, float32 or float16.

Small tensors are float32 also in a float16 file. Alignment heads and suppressed tokens are not in
it: whisper.cpp has them compiled in.
"""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np

from unispeech.errors import ModelDamaged
from unispeech.models.convert import tokenizer
from unispeech.models.convert.checkpoint import Checkpoint, Tensor, checked
from unispeech.models.convert.openai_defaults import generation
from unispeech.models.formats import ggml
from unispeech.models.formats.ggml import FLOAT16, FLOAT32
from unispeech.models.formats.whisper_shape import Dims, shapes


def read(path: Path, fetch: tokenizer.Fetch) -> Checkpoint:
    """Read a float32 or float16 file.

    Raises:
        ModelDamaged: truncated, quantised, or not a Whisper.
    """
    if ggml.header(path)[1] not in (FLOAT32, FLOAT16):
        raise ModelDamaged(
            f"{path}: a quantised ggml file cannot be converted back",
            "convert from the float16 file, or from another format",
        )
    held = ggml.contents(path)
    dims = held.dims
    tensors = {
        name: _tensor(path, stored, held.precision).reshape(shape)
        for name, shape in shapes(dims)
        if (stored := held.tensors.get(name)) and math.prod(stored.shape) == math.prod(shape)
    }
    notes = ("the alignment heads and suppressed tokens are OpenAI's: a ggml file has none",)
    spelled = (tokenizer.spelled(token) for token in held.tokens)
    words = [*spelled, *tokenizer.specials(dims.n_vocab)]
    usual = tokenizer.standard(dims.n_vocab, fetch)
    text = usual if tokenizer.words_of(usual, dims.n_vocab)[: len(words)] == words else (
        tokenizer.tokenizer_of(words)
    )  # fmt: skip
    return Checkpoint(dims, checked(tensors, dims, path), text, generation(dims), notes)


def _tensor(path: Path, stored: ggml.Stored, precision: int) -> Tensor:
    dtype = "<f2" if stored.type == FLOAT16 else "<f4"
    count = math.prod(stored.shape)
    tensor: Tensor = np.fromfile(path, dtype, count, offset=stored.offset)
    if precision == FLOAT16 and stored.type == FLOAT32:
        half = tensor.astype(np.float16)  # as it was before it was written, if that is exact
        tensor = half if np.array_equal(half.astype(np.float32), tensor) else tensor
    return tensor


def halved(checkpoint: Checkpoint) -> Checkpoint:
    """The model in float16: current whisper.cpp stops at the convolutions of a float32 file."""
    if checkpoint.dtype == "float16":
        return checkpoint
    tensors = {name: tensor.astype(np.float16) for name, tensor in checkpoint.tensors.items()}
    note = "the float32 weights were rounded to float16: whisper.cpp runs no others"
    return replace(checkpoint, tensors=tensors).with_notes(note)


def write(checkpoint: Checkpoint, path: Path) -> None:
    """Write a float16 file that whisper.cpp loads.

    Raises:
        ModelDamaged: the vocabulary is not OpenAI's: whisper.cpp counts its special tokenizer.
    """
    from unispeech.features import mel

    dims = checkpoint.dims
    tokenizer.must_be_standard(checkpoint.tokenizer, dims.n_vocab, "a ggml file")
    words = tokenizer.words_of(checkpoint.tokenizer, dims.n_vocab)
    plain = [tokenizer.bytes_of(word) for word in words[: words.index("<|endoftext|>")]]
    checkpoint = halved(checkpoint)
    bank = mel.filters(dims.n_mels)
    with path.open("wb") as file:
        file.write(struct.pack("<I11i", ggml.MAGIC, *_header(dims), FLOAT16))
        file.write(struct.pack("<ii", *bank.shape) + bank.astype("<f4").tobytes())
        file.write(struct.pack("<i", len(plain)))
        for token in plain:
            file.write(struct.pack("<i", len(token)) + token)
        for name, tensor in checkpoint.tensors.items():
            narrow = tensor.ndim > 1 and not name.endswith("positional_embedding")
            if name.startswith("encoder.conv") and tensor.ndim == 1:
                tensor = tensor.reshape(-1, 1)
            data = np.ascontiguousarray(tensor, dtype="<f2" if narrow else "<f4")
            label = name.encode()
            file.write(struct.pack("<iii", data.ndim, len(label), FLOAT16 if narrow else FLOAT32))
            file.write(struct.pack(f"<{data.ndim}i", *reversed(data.shape)) + label)
            file.write(data.tobytes())


def _header(dims: Dims) -> tuple[int, ...]:
    return (
        dims.n_vocab, dims.n_audio_ctx, dims.n_audio_state, dims.n_audio_head, dims.n_audio_layer,
        dims.n_text_ctx, dims.n_text_state, dims.n_text_head, dims.n_text_layer, dims.n_mels,
    )  # fmt: skip

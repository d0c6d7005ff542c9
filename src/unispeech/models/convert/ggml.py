"""ggml files, float32 or float16.

Small tensors are float32 even in a float16 file. Alignment heads and suppressed tokens are not in
the file, but compiled into whisper.cpp.
"""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np

from unispeech.errors import ModelDamaged
from unispeech.models.convert import tokenizer
from unispeech.models.convert.checkpoint import Checkpoint, Tensor, checked_tensors
from unispeech.models.convert.openai_defaults import generation
from unispeech.models.formats import ggml
from unispeech.models.formats.ggml import FLOAT16, FLOAT32
from unispeech.models.formats.whisper_shape import Dims, shapes


def read(path: Path, fetch: tokenizer.Fetch) -> Checkpoint:
    """Read a float32 or float16 file.

    Raises:
        ModelDamaged: truncated, quantised, or not Whisper.
    """
    if ggml.header(path)[1] not in (FLOAT32, FLOAT16):
        raise ModelDamaged(
            f"{path}: a quantised ggml file cannot be converted",
            "convert the float16 file, or another format",
        )
    contents = ggml.contents(path)
    dims = contents.dims
    tensors = {
        name: _tensor(path, entry, contents.precision).reshape(shape)
        for name, shape in shapes(dims)
        if (entry := contents.tensors.get(name)) and math.prod(entry.shape) == math.prod(shape)
    }
    notes = ("the alignment heads and suppressed tokens are OpenAI's; ggml files have none",)
    text_tokens = (tokenizer.spelled(token) for token in contents.tokens)
    words = [*text_tokens, *tokenizer.specials(dims.n_vocab)]
    standard = tokenizer.standard(dims.n_vocab, fetch)
    text = standard if tokenizer.words_of(standard, dims.n_vocab)[: len(words)] == words else (
        tokenizer.tokenizer_of(words)
    )  # fmt: skip
    return Checkpoint(dims, checked_tensors(tensors, dims, path), text, generation(dims), notes)


def _tensor(path: Path, entry: ggml.TensorEntry, precision: int) -> Tensor:
    dtype = "<f2" if entry.type == FLOAT16 else "<f4"
    count = math.prod(entry.shape)
    tensor: Tensor = np.fromfile(path, dtype, count, offset=entry.offset)
    if precision == FLOAT16 and entry.type == FLOAT32:
        half = tensor.astype(np.float16)  # undo the writer's conversion if it was exact
        tensor = half if np.array_equal(half.astype(np.float32), tensor) else tensor
    return tensor


def to_float16(checkpoint: Checkpoint) -> Checkpoint:
    """Return the model in float16: whisper.cpp aborts at the convolutions of a float32 file."""
    if checkpoint.dtype == "float16":
        return checkpoint
    tensors = {name: tensor.astype(np.float16) for name, tensor in checkpoint.tensors.items()}
    note = "the float32 weights were rounded to float16, which whisper.cpp needs"
    return replace(checkpoint, tensors=tensors).with_notes(note)


def write(checkpoint: Checkpoint, path: Path) -> None:
    """Write a float16 file for whisper.cpp.

    Raises:
        ModelDamaged: the vocabulary is not OpenAI's, which whisper.cpp assumes.
    """
    from unispeech.features import mel

    dims = checkpoint.dims
    tokenizer.must_be_standard(checkpoint.tokenizer, dims.n_vocab, "a ggml file")
    words = tokenizer.words_of(checkpoint.tokenizer, dims.n_vocab)
    text_tokens = [tokenizer.bytes_of(word) for word in words[: words.index("<|endoftext|>")]]
    checkpoint = to_float16(checkpoint)
    bank = mel.filters(dims.n_mels)
    with path.open("wb") as file:
        file.write(struct.pack("<I11i", ggml.MAGIC, *_header(dims), FLOAT16))
        file.write(struct.pack("<ii", *bank.shape) + bank.astype("<f4").tobytes())
        file.write(struct.pack("<i", len(text_tokens)))
        for token in text_tokens:
            file.write(struct.pack("<i", len(token)) + token)
        for name, tensor in checkpoint.tensors.items():
            is_large = tensor.ndim > 1 and not name.endswith("positional_embedding")
            if name.startswith("encoder.conv") and tensor.ndim == 1:
                tensor = tensor.reshape(-1, 1)
            data = np.ascontiguousarray(tensor, dtype="<f2" if is_large else "<f4")
            label = name.encode()
            file.write(struct.pack("<iii", data.ndim, len(label), FLOAT16 if is_large else FLOAT32))
            file.write(struct.pack(f"<{data.ndim}i", *reversed(data.shape)) + label)
            file.write(data.tobytes())


def _header(dims: Dims) -> tuple[int, ...]:
    return (
        dims.n_vocab, dims.n_audio_ctx, dims.n_audio_state, dims.n_audio_head, dims.n_audio_layer,
        dims.n_text_ctx, dims.n_text_state, dims.n_text_head, dims.n_text_layer, dims.n_mels,
    )  # fmt: skip

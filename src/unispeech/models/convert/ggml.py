"""ggml: the one `.bin` file of whisper.cpp, float32 or float16.

Magic, eleven numbers, mel filters, plain tokens, then every tensor as rank, name length, type,
reversed shape, name and data; little-endian (whisper.cpp, models/convert-pt-to-ggml.py). Small
tensors are float32 also in a float16 file. Alignment heads and suppressed tokens are not in it:
whisper.cpp has them compiled in.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from unispeech.errors import ModelDamaged
from unispeech.features.mel import filters
from unispeech.models.convert import tokens
from unispeech.models.convert.form import Checkpoint, Dims, checked, shapes
from unispeech.models.convert.standard import generation
from unispeech.models.formats import layout

if TYPE_CHECKING:
    from unispeech.models.convert.form import Tensor

FLOAT32, FLOAT16 = 0, 1


def read(path: Path, fetch: tokens.Fetch) -> Checkpoint:
    """Read a float32 or float16 file.

    Raises:
        ModelDamaged: truncated, quantised, or not a Whisper.
    """
    header = layout.ggml_header(path)
    dims = _dims(header)
    if header[10] not in (FLOAT32, FLOAT16):
        raise ModelDamaged(
            f"{path}: a quantised ggml file cannot be converted back",
            "convert from the float16 file, or from another format",
        )
    plain, found = _contents(path, header[10])
    shaped = {name: found[name].reshape(shape) for name, shape in _expected(dims, found)}
    notes = ("the alignment heads and suppressed tokens are OpenAI's: a ggml file has none",)
    words = [*(tokens.spelled(token) for token in plain), *tokens.specials(dims.n_vocab)]
    usual = tokens.standard(dims.n_vocab, fetch)
    text = usual if tokens.words_of(usual, dims.n_vocab)[: len(words)] == words else (
        tokens.tokenizer_of(words)
    )  # fmt: skip
    return Checkpoint(dims, checked(shaped, dims, path), text, generation(dims), notes)


def must_be_whole(path: Path) -> None:
    """Walk through a float32 or float16 file; the blocks of a quantised one are not looked at.

    Raises:
        ModelDamaged: truncated, or tensors are missing.
    """
    header = layout.ggml_header(path)
    if header[10] in (FLOAT32, FLOAT16):
        names = set(_contents(path, header[10])[1])
        if missing := {name for name, _ in shapes(_dims(header))} - names:
            raise ModelDamaged(f"{path}: the tensor {min(missing)} is missing", "fetch it again")


def _contents(path: Path, precision: int) -> tuple[list[bytes], dict[str, Tensor]]:
    with path.open("rb") as file:
        try:
            file.seek(48)
            rows, columns = struct.unpack("<ii", file.read(8))
            file.seek(4 * rows * columns, 1)
            plain = [_bytes(file) for _ in range(struct.unpack("<i", file.read(4))[0])]
            return plain, dict(_tensors(file, precision))
        except (struct.error, ValueError, EOFError, UnicodeDecodeError):
            raise ModelDamaged(f"{path}: the file is truncated or damaged") from None


def _dims(header: tuple[int, ...]) -> Dims:
    vocab, actx, audio, ahead, alayer, tctx, text, thead, tlayer, mels, _ = header
    return Dims(mels, actx, audio, ahead, alayer, vocab, tctx, text, thead, tlayer)


def _bytes(file: IO[bytes]) -> bytes:
    (length,) = struct.unpack("<i", file.read(4))
    return file.read(length)


def _expected(dims: Dims, found: dict[str, Tensor]) -> Iterator[tuple[str, tuple[int, ...]]]:
    import math

    for name, shape in shapes(dims):
        if name in found and found[name].size == math.prod(shape):
            yield name, shape


def _tensors(file: IO[bytes], precision: int) -> Iterator[tuple[str, Tensor]]:
    import numpy as np

    while start := file.read(12):
        rank, length, kind = struct.unpack("<iii", start)
        if kind not in (FLOAT32, FLOAT16):
            raise ValueError
        shape = struct.unpack(f"<{rank}i", file.read(4 * rank))[::-1]
        name = file.read(length).decode()
        stored = np.dtype("<f2" if kind == FLOAT16 else "<f4")
        count = int(np.prod(shape))
        raw = file.read(count * stored.itemsize)
        if len(raw) < count * stored.itemsize:
            raise EOFError
        tensor = np.frombuffer(raw, dtype=stored).reshape(shape)
        if precision == FLOAT16 and kind == FLOAT32:
            half = tensor.astype(np.float16)  # as it was before it was written, if that is exact
            tensor = half if np.array_equal(half.astype(np.float32), tensor) else tensor
        yield name, tensor


def halved(checkpoint: Checkpoint) -> Checkpoint:
    """The model in float16: current whisper.cpp stops at the convolutions of a float32 file."""
    import numpy as np

    if checkpoint.dtype == "float16":
        return checkpoint
    tensors = {name: tensor.astype(np.float16) for name, tensor in checkpoint.tensors.items()}
    note = "the float32 weights were rounded to float16: whisper.cpp runs no others"
    return replace(checkpoint, tensors=tensors).with_notes(note)


def write(checkpoint: Checkpoint, path: Path) -> None:
    """Write a float16 file that whisper.cpp loads.

    Raises:
        ModelDamaged: the vocabulary is not OpenAI's: whisper.cpp counts its special tokens.
    """
    import numpy as np

    dims = checkpoint.dims
    tokens.must_be_standard(checkpoint.tokenizer, dims.n_vocab, "a ggml file")
    words = tokens.words_of(checkpoint.tokenizer, dims.n_vocab)
    plain = [tokens.bytes_of(word) for word in words[: words.index("<|endoftext|>")]]
    checkpoint = halved(checkpoint)
    bank = filters(dims.n_mels)
    with path.open("wb") as file:
        file.write(struct.pack("<I11i", layout.GGML_MAGIC, *_header(dims), FLOAT16))
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

"""CTranslate2 folders of Whisper's published shapes with random weights.

    python benchmarks/random_weights.py FOLDER [SHAPE ...]

Speed, memory and load time depend on the shape of a model, not on the values of its weights, so a
machine that cannot download large-v3 can still measure it. The text is meaningless. The tokenizer
is that of the installed model `base`.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from unispeech.models import store
from unispeech.models.convert import openai_defaults, tensor_names, tokenizer
from unispeech.models.formats import whisper_shape
from unispeech.models.formats.ctranslate2 import TYPES, WHISPER
from unispeech.models.formats.whisper_shape import CANTONESE, MULTILINGUAL, Dims

HEAD_WIDTH = 64
VERSION, REVISION = 6, 3
"""Of the file format and of the architecture (CTranslate2's specs/model_spec.py and
specs/whisper_spec.py)."""
SCALARS = {
    "decoder/activation": 3,  # GELU
    "decoder/alibi": 0,
    "decoder/pre_norm": 1,
    "decoder/scale_embeddings": 0,
    "decoder/start_from_zero_embedding": 0,
}
DEVIATION = 0.02
"""Standard deviation of the weights, as at the start of training."""
BLOCK = 1 << 24
"""Random numbers that all matrices are cut from."""


def _dims(width: int, encoder: int, decoder: int, vocabulary: int = MULTILINGUAL) -> Dims:
    mels = 128 if vocabulary == CANTONESE else 80
    heads = width // HEAD_WIDTH
    return Dims(mels, 1500, width, heads, encoder, vocabulary, 448, width, heads, decoder)


SHAPES = {
    "tiny": _dims(384, 4, 4),
    "base": _dims(512, 6, 6),
    "small": _dims(768, 12, 12),
    "distil-large-v3": _dims(1280, 32, 2, CANTONESE),
    "large-v3-turbo": _dims(1280, 32, 4, CANTONESE),
    "medium": _dims(1024, 24, 24),
    "large-v3": _dims(1280, 32, 32, CANTONESE),
}
"""The published shapes, smallest file first (openai/whisper, distil-whisper)."""


def make(dims: Dims, folder: Path) -> None:
    """Write a folder, unless it is complete. Needs little memory: tensors are written singly."""
    if (folder / "preprocessor_config.json").is_file():  # written last
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "model.bin").open("wb") as file:
        _write_weights(dims, file)
    text = tokenizer.standard(dims.n_vocab, lambda _: store.obtain("base"))
    (folder / "tokenizer.json").write_text(text, encoding="utf-8")
    words = tokenizer.words_of(text, dims.n_vocab)
    (folder / "vocabulary.json").write_text(json.dumps(words), encoding="utf-8")
    settings = openai_defaults.generation(dims)
    config = {
        "suppress_ids": settings.suppress,
        "suppress_ids_begin": settings.suppress_begin,
        "lang_ids": settings.languages,
        "alignment_heads": settings.alignment_heads,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    features = {"feature_size": dims.n_mels}
    (folder / "preprocessor_config.json").write_text(json.dumps(features), encoding="utf-8")


def _write_weights(dims: Dims, file: BinaryIO) -> None:
    """Write a `model.bin` in float16 (see `unispeech.models.formats.ctranslate2`)."""
    shapes = dict(_shapes(dims))
    scalars = _scalars(dims)
    file.write(struct.pack("<I", VERSION) + WHISPER)
    file.write(struct.pack("<II", REVISION, len(shapes) + len(scalars)))
    random = np.random.default_rng(0)
    block = (DEVIATION * random.standard_normal(BLOCK, np.float32)).astype(np.float16)
    for name in sorted({*shapes, *scalars}):
        if name in scalars:
            _write_variable(file, name, scalars[name])
        elif name.endswith(("gamma", "beta", "bias")):
            full = np.full(shapes[name], name.endswith("gamma"), np.float16)
            _write_variable(file, name, full)
        else:
            start = int(random.integers(BLOCK))
            cut = np.resize(np.roll(block, -start), shapes[name])
            _write_variable(file, name, cut)
    file.write(struct.pack("<I", 1))
    for name in ("decoder/projection/weight", "decoder/embeddings/weight"):
        file.write(_string(name))


def _shapes(dims: Dims) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield CTranslate2's variables with their shapes: fused matrices, and biases for keys too."""
    ours = dict(whisper_shape.shapes(dims))
    for theirs, parts in tensor_names.ctranslate2(dims):
        first = next(ours[part] for part in parts if part in ours)
        yield theirs, (len(parts) * first[0], *first[1:])


def _scalars(dims: Dims) -> dict[str, np.generic]:
    scalars: dict[str, np.generic] = {name: np.int8(value) for name, value in SCALARS.items()}
    scalars["decoder/alignment_heads"] = np.int16(1)
    scalars["decoder/alignment_layer"] = np.int16(-1)
    scalars["encoder/num_heads"] = np.int16(dims.n_audio_head)
    scalars["decoder/num_heads"] = np.int16(dims.n_text_head)
    return scalars


def _write_variable(file: BinaryIO, name: str, value: np.generic | np.ndarray) -> None:
    file.write(_string(name) + struct.pack("<B", value.ndim))
    file.write(struct.pack(f"<{value.ndim}I", *value.shape))
    file.write(struct.pack("<BI", TYPES.index(str(value.dtype)), value.nbytes))
    file.write(value.tobytes())


def _string(text: str) -> bytes:
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


if __name__ == "__main__":
    for shape in sys.argv[2:] or SHAPES:
        make(SHAPES[shape], Path(sys.argv[1]) / shape)

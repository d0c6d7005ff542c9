"""CTranslate2: `model.bin`, `config.json`, `vocabulary.json` (or .txt) and `tokenizer.json`.

`model.bin` is a version, the architecture and its revision, then name, shape, type and bytes of
every variable, then aliases; little-endian (`ModelSpec._serialize` of ctranslate2's
`specs/model_spec.py`). Query, key and value stand in one matrix, which is split again here.
Writing is left to that library's own classes.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unispeech.errors import ModelDamaged
from unispeech.models.convert import names, tokens
from unispeech.models.convert.form import Checkpoint, Dims, checked, integers, shapes
from unispeech.models.convert.standard import Generation, generation
from unispeech.models.formats import layout

if TYPE_CHECKING:
    from unispeech.models.convert.form import Tensor

TYPES = ("float32", "int8", "int16", "int32", "float16", "bfloat16")
"""By number, as in CTranslate2's include/ctranslate2/types.h."""


@dataclass(frozen=True, slots=True)
class Variable:
    """Where one variable lies in `model.bin`."""

    shape: tuple[int, ...]
    type: str
    offset: int
    size: int


def read(folder: Path, fetch: tokens.Fetch) -> Checkpoint:
    """Read a folder of float32, float16, bfloat16, int16 or int8 weights.

    Raises:
        ModelDamaged: truncated, incomplete, or of another architecture.
    """
    layout.ctranslate2_vocabulary_size(folder)
    dims, tensors = weights(folder)
    settings = layout.read_json(folder / "config.json")
    text, notes = _tokenizer(folder, dims, fetch)
    usual = generation(dims)
    heads = tuple((int(layer), int(head)) for layer, head in settings.get("alignment_heads") or ())
    if not heads:
        notes += ["the alignment heads are the usual ones of a model of this size"]
    stored = variables(folder / "model.bin").values()
    if any(variable.type in ("int8", "int16") for variable in stored if variable.shape):
        notes += ["the weights were quantised: what they lost in rounding is not coming back"]
    found = Generation(
        alignment_heads=heads or usual.alignment_heads,
        suppress=integers(settings.get("suppress_ids")) or usual.suppress,
        suppress_begin=integers(settings.get("suppress_ids_begin")) or usual.suppress_begin,
        languages=integers(settings.get("lang_ids")) or usual.languages,
    )
    return Checkpoint(dims, tensors, text, found, tuple(notes))


def weights(folder: Path) -> tuple[Dims, dict[str, Tensor]]:
    """The dimensions and all tensors; what is not quantised stays on disk until it is read.

    Raises:
        ModelDamaged: truncated, incomplete, or of another architecture.
    """
    path = folder / "model.bin"
    index = variables(path)
    dims = _dims(index, path)
    return dims, _tensors(path, index, dims)


def variables(path: Path) -> dict[str, Variable]:
    """The table of contents of a `model.bin`; aliases are left out.

    Raises:
        ModelDamaged: the file ends early.
    """
    size, index = path.stat().st_size, {}
    with path.open("rb") as file:
        try:
            file.read(4)
            _string(file)
            _, count = struct.unpack("<II", file.read(8))
            for _ in range(count):
                name = _string(file)
                (rank,) = struct.unpack("<B", file.read(1))
                shape = struct.unpack(f"<{rank}I", file.read(4 * rank))
                kind, length = struct.unpack("<BI", file.read(5))
                index[name] = Variable(shape, TYPES[kind], file.tell(), length)
                if file.seek(length, 1) > size:
                    raise EOFError
            (aliases,) = struct.unpack("<I", file.read(4))
            for _ in range(2 * aliases):
                _string(file)
        except (struct.error, EOFError, IndexError, UnicodeDecodeError):
            raise ModelDamaged(
                f"{path}: the file is truncated or damaged ({size} bytes)", "fetch it again"
            ) from None
    return index


def _string(file: Any) -> str:
    (length,) = struct.unpack("<H", file.read(2))
    if len(text := bytes(file.read(length))) < length:
        raise EOFError
    return text[:-1].decode()


def _dims(index: Mapping[str, Variable], path: Path) -> Dims:
    def layers(side: str) -> int:
        numbered = (re.match(rf"{side}/layer_(\d+)/", name) for name in index)
        return len({match[1] for match in numbered if match})

    try:
        audio, mels, _ = index["encoder/conv1/weight"].shape
        vocabulary, text = index["decoder/embeddings/weight"].shape
        return Dims(
            n_mels=mels,
            n_audio_ctx=index["encoder/position_encodings/encodings"].shape[0],
            n_audio_state=audio,
            n_audio_head=int(_load(path, index["encoder/num_heads"])),
            n_audio_layer=layers("encoder"),
            n_vocab=vocabulary,
            n_text_ctx=index["decoder/position_encodings/encodings"].shape[0],
            n_text_state=text,
            n_text_head=int(_load(path, index["decoder/num_heads"])),
            n_text_layer=layers("decoder"),
        )
    except (KeyError, ValueError):
        raise ModelDamaged(f"{path}: not a complete Whisper", "fetch it again") from None


def _load(path: Path, variable: Variable, scale: Variable | None = None) -> Any:
    import numpy as np

    stored = "uint16" if variable.type == "bfloat16" else variable.type
    shape = variable.shape or (1,)
    raw = np.memmap(path, dtype=stored, mode="r", offset=variable.offset, shape=shape)
    values: Any = np.asarray(raw)
    if variable.type == "bfloat16":  # the upper half of a float32
        values = (values.astype(np.uint32) << 16).view(np.float32)
    if scale is not None:  # one for the whole matrix, or one a row
        factors = _load(path, scale)
        values = values.astype(np.float32) / factors.reshape(-1, *[1] * (values.ndim - 1))
    return values if variable.shape else values[0]


def _tensors(path: Path, index: Mapping[str, Variable], dims: Dims) -> dict[str, Tensor]:
    expected, found = dict(shapes(dims)), {}
    for theirs, ours in names.ctranslate2(dims):
        if theirs not in index:
            raise ModelDamaged(f"{path}: the variable {theirs} is missing", "fetch it again")
        fused = _load(path, index[theirs], index.get(f"{theirs}_scale"))
        height = fused.shape[0] // len(ours)
        for number, name in enumerate(ours):
            part = fused[number * height : (number + 1) * height]
            if name in expected:
                found[name] = part
            elif part.any():  # a key's bias, which Whisper does not have
                raise ModelDamaged(f"{path}: {theirs} has a bias where Whisper has none")
    return checked(found, dims, path)


def _tokenizer(folder: Path, dims: Dims, fetch: tokens.Fetch) -> tuple[str, list[str]]:
    if (folder / "tokenizer.json").is_file():
        layout.read_json(folder / "tokenizer.json")
        return (folder / "tokenizer.json").read_text(encoding="utf-8"), []
    if (folder / "vocabulary.json").is_file():
        words = [str(token) for token in layout.read_json(folder / "vocabulary.json")]
    else:
        words = (folder / "vocabulary.txt").read_text(encoding="utf-8").split("\n")[: dims.n_vocab]
    return tokens.tokenizer_of(words), ["tokenizer.json was made from the vocabulary"]


def write(checkpoint: Checkpoint, folder: Path) -> None:
    """Write a folder that CTranslate2 and faster-whisper load."""
    import numpy as np
    from ctranslate2.specs import WhisperSpec

    dims = checkpoint.dims
    spec = WhisperSpec(dims.n_audio_layer, dims.n_audio_head, dims.n_text_layer, dims.n_text_head)
    for theirs, ours in names.ctranslate2(dims):
        parts = [_part(checkpoint, name, ours) for name in ours]
        _set(spec, theirs, np.concatenate(parts) if len(parts) > 1 else parts[0])
    _set(spec, "decoder/projection/weight", checkpoint.tensors["decoder.token_embedding.weight"])
    found = checkpoint.generation
    spec.config.suppress_ids = list(found.suppress)
    spec.config.suppress_ids_begin = list(found.suppress_begin)
    spec.config.lang_ids = list(found.languages)
    spec.config.alignment_heads = [list(pair) for pair in found.alignment_heads]
    spec.register_vocabulary(tokens.words_of(checkpoint.tokenizer, dims.n_vocab))
    spec.validate()
    spec.optimize(quantization=checkpoint.dtype)
    spec.save(str(folder))
    (folder / "tokenizer.json").write_text(checkpoint.tokenizer, encoding="utf-8")
    features = {"feature_size": dims.n_mels}  # faster-whisper assumes 80 otherwise
    (folder / "preprocessor_config.json").write_text(json.dumps(features), encoding="utf-8")


def _part(checkpoint: Checkpoint, name: str, together: tuple[str, ...]) -> Any:
    import numpy as np

    if name in checkpoint.tensors:
        return np.ascontiguousarray(checkpoint.tensors[name])
    like = checkpoint.tensors[next(n for n in together if n in checkpoint.tensors)]
    return np.zeros_like(like)


def _set(spec: Any, name: str, value: Any) -> None:
    *scopes, last = name.split("/")
    for scope in scopes:
        listed, _, number = scope.rpartition("_")
        if hasattr(spec, scope):
            spec = getattr(spec, scope)
        else:  # layer_3 is the fourth of `layer`
            spec = getattr(spec, listed)[int(number)]
    setattr(spec, last, value)

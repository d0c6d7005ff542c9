"""CTranslate2: a folder with `model.bin`, `config.json`, a vocabulary and `tokenizer.json`.

`model.bin` holds a version, the architecture and its revision; then name, shape, type and bytes of
every variable; then aliases. Little-endian (`ModelSpec._serialize` in ctranslate2's
`specs/model_spec.py`).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unispeech.errors import ModelDamaged
from unispeech.models.facts import ModelFacts
from unispeech.models.formats import whisper_shape
from unispeech.models.formats.headers import read_json
from unispeech.models.formats.whisper_shape import Dims

WHISPER = b"\x0c\x00WhisperSpec\x00"
"""The name of the architecture in `model.bin`, which follows the version."""
TYPES = ("float32", "int8", "int16", "int32", "float16", "bfloat16")
"""Types by number, from CTranslate2's include/ctranslate2/types.h."""


@dataclass(frozen=True, slots=True)
class Variable:
    """The position of a variable in `model.bin`."""

    shape: tuple[int, ...]
    type: str
    offset: int
    size: int

    def header_size(self, name: str) -> int:
        """Return the bytes between the previous variable and the values: name, shape, type, size.

        CTranslate2 writes `name` with its length and a final zero.
        """
        return 2 + len(name.encode()) + 1 + 1 + 4 * len(self.shape) + 5


def facts(folder: Path, name: str) -> ModelFacts:
    """Return languages and tasks. Raises ModelDamaged: not Whisper, or no vocabulary."""
    with (folder / "model.bin").open("rb") as file:
        start = file.read(64)
    if start[4 : 4 + len(WHISPER)] != WHISPER:
        raise ModelDamaged(
            f"{folder / 'model.bin'}: not a CTranslate2 Whisper model",
            "it is truncated or of another architecture",
        )
    return whisper_shape.facts(name, _vocabulary_size(folder))


def _vocabulary_size(folder: Path) -> int:
    if (folder / "vocabulary.json").is_file():
        return len(read_json(folder / "vocabulary.json"))
    if (folder / "vocabulary.txt").is_file():
        with (folder / "vocabulary.txt").open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 16), b""))
    raise ModelDamaged(
        f"{folder}: vocabulary.json or vocabulary.txt is missing", "download the model again"
    )


def is_complete(folder: Path) -> bool:
    """Return True if all files exist. Raises ModelDamaged: the weights are truncated."""
    variables(folder / "model.bin")
    return all((folder / name).is_file() for name in ("config.json", "tokenizer.json"))


def variables(path: Path) -> dict[str, Variable]:
    """Return the variables of a `model.bin` by name, without aliases.

    Raises:
        ModelDamaged: the file is truncated.
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
                f"{path}: the file is truncated or damaged ({size} bytes)", "download it again"
            ) from None
    return index


def count_offset(file: Any) -> int:
    """Return the position of the number of variables in an open `model.bin`."""
    file.seek(4)
    _string(file)
    return int(file.tell()) + 4


def _string(file: Any) -> str:
    (length,) = struct.unpack("<H", file.read(2))
    if len(text := bytes(file.read(length))) < length:
        raise EOFError
    return text[:-1].decode()


def dimensions(path: Path, index: Mapping[str, Variable] | None = None) -> Dims:
    """Return the dimensions of the Whisper model in a `model.bin`.

    Raises:
        ModelDamaged: truncated, or not a complete Whisper model.
    """
    index = index or variables(path)

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
            n_audio_head=_integer(path, index["encoder/num_heads"]),
            n_audio_layer=layers("encoder"),
            n_vocab=vocabulary,
            n_text_ctx=index["decoder/position_encodings/encodings"].shape[0],
            n_text_state=text,
            n_text_head=_integer(path, index["decoder/num_heads"]),
            n_text_layer=layers("decoder"),
        )
    except (KeyError, ValueError):
        raise ModelDamaged(f"{path}: not a complete Whisper model", "download it again") from None


def _integer(path: Path, variable: Variable) -> int:
    with path.open("rb") as file:
        file.seek(variable.offset)
        return int.from_bytes(file.read(variable.size), "little")

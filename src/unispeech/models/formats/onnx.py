"""ONNX: a folder in one of the layouts that onnx-asr reads, recognised by the names of its files.

NeMo's exports say in `config.json` which decoder they have (`model_type`); GigaAM's and Kaldi's
folders are told by their files. int8 weights lie beside or instead of those in float32, with `int8`
in the file's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from unispeech import languages
from unispeech.errors import ModelDamaged
from unispeech.models.facts import UNDETERMINED, ModelFacts
from unispeech.models.formats.headers import read_object


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout of files."""

    kind: str
    """onnx-asr's name for it."""
    family: str
    weights: str
    """Pattern of the largest file; `{}` is empty, or the suffix of a compute type."""
    others: tuple[str, ...] = ()
    """The other files a model needs, with the same placeholder."""
    model_type: str = ""
    """Value in config.json, if layouts have the same files."""


ENCODER = "encoder-model{}.onnx"
LAYOUTS: tuple[Layout, ...] = (
    Layout("nemo-conformer-ctc", "parakeet", "model{}.onnx", ("vocab.txt",), "nemo-conformer-ctc"),
    *(
        Layout(kind, "parakeet", ENCODER, ("decoder_joint-model{}.onnx", "vocab.txt"), kind)
        for kind in ("nemo-conformer-rnnt", "nemo-conformer-tdt")
    ),
    Layout(
        "nemo-conformer-aed", "canary", ENCODER, ("decoder-model{}.onnx", "vocab.txt"),
        "nemo-conformer-aed",
    ),
    Layout("gigaam-v3-e2e-ctc", "gigaam", "v3_e2e_ctc{}.onnx", ("v3_e2e_ctc_vocab.txt",)),
    Layout(
        "gigaam-v3-e2e-rnnt", "gigaam", "v3_e2e_rnnt_encoder{}.onnx",
        ("v3_e2e_rnnt_decoder{}.onnx", "v3_e2e_rnnt_joint{}.onnx", "v3_e2e_rnnt_vocab.txt"),
    ),
    Layout("gigaam-v2-ctc", "gigaam", "v?_ctc{}.onnx", ("v?_vocab.txt",)),
    Layout(
        "gigaam-v2-rnnt", "gigaam", "v?_rnnt_encoder{}.onnx",
        ("v?_rnnt_decoder{}.onnx", "v?_rnnt_joint{}.onnx", "v?_vocab.txt"),
    ),
    Layout(
        "gigaam-multilingual-ctc", "gigaam", "multilingual*_ctc{}.onnx", ("multilingual_vocab.txt",)
    ),
    Layout(
        "vosk", "vosk", "*/encoder{}.onnx", ("*/decoder{}.onnx", "*/joiner{}.onnx", "*/tokens.txt")
    ),
)  # fmt: skip
SUFFIXES: Mapping[str, str] = {"float32": "", "int8": "?int8"}
"""Compute type to the suffix of its files."""


def find(folder: Path) -> Layout | None:
    """Return the layout of a folder, or None."""
    if not any(folder.glob("*.onnx")) and not any(folder.glob("*/encoder*.onnx")):
        return None
    kind = read_object(folder / "config.json", {}).get("model_type", "")
    for layout in LAYOUTS:
        if layout.model_type in ("", kind) and _compute_types(folder, layout):
            return layout
    return None


def matches(folder: Path) -> bool:
    return find(folder) is not None


def _compute_types(folder: Path, layout: Layout) -> tuple[str, ...]:
    """Return the compute types whose largest file is in the folder."""
    return tuple(
        name for name, suffix in SUFFIXES.items() if any(folder.glob(layout.weights.format(suffix)))
    )


def facts(folder: Path, name: str) -> ModelFacts:
    """Return languages and compute types.

    Only Canary's vocabulary names its languages. Those of other folders are undetermined.

    Raises:
        ModelDamaged: a file is missing.
    """
    layout = find(folder)
    assert layout is not None
    types = _compute_types(folder, layout)
    for kind in types:
        for pattern in layout.others:
            file = pattern.format(SUFFIXES[kind])
            if not any(folder.glob(file)):
                raise ModelDamaged(f"{folder}: {file} is missing", "download it again")
    known = {UNDETERMINED: "undetermined"}
    if layout.family == "canary":
        known = _languages(folder / "vocab.txt") or known
    return ModelFacts(name, layout.family, known, layout.family == "canary", types)


def _languages(vocabulary: Path) -> dict[str, str]:
    """Return the languages that have a token in a vocabulary, such as `<|de|>`."""
    text = vocabulary.read_text(encoding="utf-8", errors="replace")  # only tokens in ASCII count
    tokens = {line.split(" ")[0] for line in text.splitlines()}
    return {code: name for code, name in languages.WHISPER.items() if f"<|{code}|>" in tokens}

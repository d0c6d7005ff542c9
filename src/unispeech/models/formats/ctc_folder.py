"""A folder with a CTC model: its vocabulary, its languages, its adapters. Only JSON and headers.

config.json                        the architecture; `adapter_attn_dim` where there are adapters
vocab.json                         token to number; with adapters, such a table a language
tokenizer_config.json              which tokens are special (may be missing)
model.safetensors                  the weights, with one language's adapter in them
adapter.LANGUAGE.safetensors       each language's adapter and output layer
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unispeech import languages
from unispeech.errors import ModelDamaged, UnsupportedOption
from unispeech.models.facts import ModelFacts
from unispeech.models.formats.headers import read_json, tensor_shapes

UNDETERMINED = "und"
"""ISO 639-3's own code for a language nobody has named."""
SPECIAL = ("<pad>", "<s>", "</s>", "<unk>", "[PAD]", "[UNK]")
ARCHITECTURES = ("wav2vec2", "wav2vec2-conformer", "hubert", "wavlm")
"""`model_type`s whose input is the sound itself and whose output is frames."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The text of each column of a model's output; nothing for tokens without any."""

    tokens: tuple[str, ...]
    blank: int


@dataclass(frozen=True, slots=True)
class CtcFacts(ModelFacts):
    """The facts of a folder on this machine: a language is checked with its adapter's header."""

    folder: Path = Path()

    def language(self, wanted: str) -> str:
        """The code of a language the model has.

        Raises:
            OptionError: nobody knows it. UnsupportedOption: there is no adapter for it.
            ModelDamaged: its adapter does not fit the model.
        """
        if UNDETERMINED in self.languages:
            # The checkpoint does not say what it speaks: whoever made it knows.
            known = {row.code: row.name for row in languages.table().values()}
            return languages.code(wanted, {**known, **languages.WHISPER})
        code = ModelFacts.language(self, wanted)
        if read_config(self.folder).get("adapter_attn_dim") is not None:
            check_adapter(self.folder, code)
        return code


def facts_of(folder: Path, name: str) -> CtcFacts:
    """The languages of a CTC folder.

    Raises:
        ModelDamaged: of another architecture, or without a vocabulary.
    """
    config = read_config(folder)
    kind = config.get("model_type", "")
    if kind not in ARCHITECTURES:
        raise ModelDamaged(
            f"{folder}: a {kind or 'nameless'} model, not one of {', '.join(ARCHITECTURES)}"
        )
    known = {UNDETERMINED: "undetermined"}
    if not is_identifier(folder):
        table = _table(folder)
        if _nested(table):
            known = {code: languages.name(code) for code in table}
        return CtcFacts(name, "ctc", known, translates=False, folder=folder)
    labels = config.get("id2label", {}).values()
    return CtcFacts(
        name, "lid", {str(code): languages.name(str(code)) for code in labels}, False, folder
    )


def is_identifier(folder: Path) -> bool:
    """Whether it tells languages apart, as mms-lid does, and writes no text."""
    return any("SequenceClassification" in name for name in read_config(folder)["architectures"])


def vocabulary(folder: Path, language: str | None = None) -> Vocabulary:
    """The tokens of a model, of one language where it has adapters.

    Raises:
        ModelDamaged: there is none, or none for this language.
        UnsupportedOption: it has adapters, and no language was given.
    """
    table = _table(folder)
    if _nested(table):
        if language is None:
            raise UnsupportedOption(
                f"model {folder}: it has an alphabet for each language",
                "use the backend mms for it",
            )
        if language not in table:
            raise ModelDamaged(f"{folder / 'vocab.json'}: there is no vocabulary for {language}")
        table = table[language]
    settings = read_json(folder / "tokenizer_config.json", {})
    delimiter = settings.get("word_delimiter_token", "|")
    special = {*SPECIAL, *(_text(settings.get(f"{k}_token")) for k in ("pad", "bos", "eos", "unk"))}
    tokens = [""] * (max(table.values(), default=-1) + 1)
    for token, number in table.items():
        tokens[number] = " " if token == delimiter else "" if token in special else token
    blank = read_config(folder).get("pad_token_id")
    return Vocabulary(tuple(tokens), 0 if blank is None else int(blank))


def adapter_file(folder: Path, language: str) -> Path:
    return folder / f"adapter.{language}.safetensors"


def check_adapter(folder: Path, language: str, path: Path | None = None) -> None:
    """Whether the adapter of a language is there and fits the model. Reads its header alone.

    Raises:
        UnsupportedOption: there is no such file. ModelDamaged: it does not fit.
    """
    path = path or adapter_file(folder, language)
    if not path.is_file():
        there = sorted(p.name.split(".")[1] for p in folder.glob("adapter.*.safetensors"))
        raise UnsupportedOption(
            f"language {language!r}: the model {folder} has no {path.name}",
            f"it has adapters for {', '.join(there[:8]) or 'no language'}",
        )
    config = read_config(folder)
    shapes = tensor_shapes(path)
    expected = {
        "lm_head.weight": [len(vocabulary(folder, language).tokens), config["hidden_size"]],
        "linear_1.weight": [config["adapter_attn_dim"], config["hidden_size"]],
    }
    layers = [name for name in shapes if name.endswith("adapter_layer.linear_1.weight")]
    if len(layers) != config["num_hidden_layers"]:
        raise ModelDamaged(
            f"{path}: it has {len(layers)} adapter layers, the model {config['num_hidden_layers']}",
            "it belongs to another model",
        )
    for name, shape in shapes.items():
        for ending, wanted in expected.items():
            if name.endswith(ending) and shape != wanted:
                raise ModelDamaged(
                    f"{path}: {name} has the shape {shape}, the model wants {wanted}",
                    "it belongs to another model or another vocabulary",
                )


def read_config(folder: Path) -> dict[str, Any]:
    """The folder's config.json. Raises ModelDamaged where it is missing or broken."""
    config: dict[str, Any] = {"architectures": [], **read_json(folder / "config.json")}
    return config


def _table(folder: Path) -> dict[str, Any]:
    table = read_json(folder / "vocab.json")
    if not isinstance(table, dict) or not table:
        raise ModelDamaged(f"{folder / 'vocab.json'}: no vocabulary in it", "fetch it again")
    return table


def _nested(table: dict[str, Any]) -> bool:
    return all(isinstance(value, dict) for value in table.values())


def _text(token: Any) -> str:
    return str(token.get("content", "")) if isinstance(token, dict) else str(token or "")

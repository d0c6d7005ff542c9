"""A CTC model folder: vocabulary, languages and adapters, from JSON files and headers only.

config.json                        the architecture; `adapter_attn_dim` if it has adapters
vocab.json                         token to id; with adapters, a table per language
tokenizer_config.json              the special tokens (may be missing)
model.safetensors                  the weights, including one language's adapter
adapter.LANGUAGE.safetensors       a language's adapter and output layer
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unispeech import languages
from unispeech.errors import ModelDamaged, UnsupportedOption
from unispeech.models.facts import UNDETERMINED, ModelFacts
from unispeech.models.formats.headers import read_json, read_object, tensor_shapes

SPECIAL = ("<pad>", "<s>", "</s>", "<unk>", "[PAD]", "[UNK]")
ARCHITECTURES = ("wav2vec2", "wav2vec2-conformer", "hubert", "wavlm")
"""Values of `model_type` for models that map samples to frames."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The text of each column of a model's output; empty for special tokens."""

    tokens: tuple[str, ...]
    blank: int


@dataclass(frozen=True, slots=True)
class CtcFacts(ModelFacts):
    """The facts of a local folder, which also check a language's adapter by its header."""

    folder: Path = Path()

    def language(self, name: str) -> str:
        """Return the code of a language, given by code or name.

        Raises:
            OptionError: the language is unknown.
            UnsupportedOption: the model has no adapter for it.
            ModelDamaged: its adapter does not fit the model.
        """
        code = ModelFacts.language(self, name)
        if (
            UNDETERMINED not in self.languages
            and read_config(self.folder).get("adapter_attn_dim") is not None
        ):
            check_adapter(self.folder, code)
        return code


def facts_of(folder: Path, name: str) -> CtcFacts:
    """Return the languages of a CTC folder.

    Raises:
        ModelDamaged: another architecture, or no vocabulary.
    """
    config = read_config(folder)
    kind = config.get("model_type", "")
    if kind not in ARCHITECTURES:
        raise ModelDamaged(
            f"{folder}: model_type {kind!r} is not supported (only {', '.join(ARCHITECTURES)})"
        )
    known = {UNDETERMINED: "undetermined"}
    if not is_identifier(folder):
        table = _table(folder)
        if _nested(table):
            known = {code: languages.name(code) for code in table}
        return CtcFacts(name, "ctc", known, translates=False, folder=folder)
    labels = config.get("id2label", {}).values()
    return CtcFacts(
        name,
        "lid",
        {str(code): languages.name(str(code)) for code in labels},
        False,
        folder=folder,
    )


def is_identifier(folder: Path) -> bool:
    """Return True if the model identifies languages, as mms-lid does."""
    return any("SequenceClassification" in name for name in read_config(folder)["architectures"])


def vocabulary(folder: Path, language: str | None = None) -> Vocabulary:
    """Return the tokens of a model; of one language if it has adapters.

    Raises:
        ModelDamaged: there is no vocabulary, or none for this language.
        UnsupportedOption: the model has adapters, and no language was given.
    """
    table = _table(folder)
    if _nested(table):
        if language is None:
            raise UnsupportedOption(
                f"model {folder}: it has an alphabet per language",
                "use backend='mms'",
            )
        if language not in table:
            raise ModelDamaged(f"{folder / 'vocab.json'}: no vocabulary for {language}")
        table = table[language]
    settings = read_object(folder / "tokenizer_config.json", {})
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
    """Check by its header that a language's adapter exists and fits the model.

    Raises:
        UnsupportedOption: there is no such file.
        ModelDamaged: the adapter does not fit.
    """
    path = path or adapter_file(folder, language)
    if not path.is_file():
        available = sorted(p.name.split(".")[1] for p in folder.glob("adapter.*.safetensors"))
        raise UnsupportedOption(
            f"language {language!r}: the model {folder} has no {path.name}",
            f"it has adapters for {', '.join(available[:8]) or 'no language'}",
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
            f"{path}: {len(layers)} adapter layers, but the model has "
            f"{config['num_hidden_layers']} layers",
            "it belongs to another model",
        )
    for name, shape in shapes.items():
        for ending, expected_shape in expected.items():
            if name.endswith(ending) and shape != expected_shape:
                raise ModelDamaged(
                    f"{path}: {name} has shape {shape}, but the model needs {expected_shape}",
                    "it belongs to another model or another vocabulary",
                )


def read_config(folder: Path) -> dict[str, Any]:
    """Return the folder's config.json. Raises ModelDamaged if it is missing or invalid."""
    config: dict[str, Any] = {"architectures": [], **read_object(folder / "config.json")}
    return config


def _table(folder: Path) -> dict[str, Any]:
    table = read_json(folder / "vocab.json")
    if not isinstance(table, dict) or not table:
        raise ModelDamaged(f"{folder / 'vocab.json'}: no vocabulary", "download it again")
    return table


def _nested(table: dict[str, Any]) -> bool:
    return all(isinstance(value, dict) for value in table.values())


def _text(token: Any) -> str:
    return str(token.get("content", "")) if isinstance(token, dict) else str(token or "")

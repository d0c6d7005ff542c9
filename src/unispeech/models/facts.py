"""What has to be known of a model before its weights are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from unispeech import languages
from unispeech.errors import OptionError, UnsupportedOption

FAMILIES: Mapping[str, str] = {
    "whisper": "Whisper",
    "ctc": "CTC (wav2vec2, HuBERT, MMS)",
    "lid": "language id",
    "diarization": "diarization",
}
"""The families of the models we know, and their titles. Others bring their own."""


def family_title(family: str) -> str:
    """Return the name of a family as users read it."""
    return FAMILIES.get(family, family)


ENGLISH_ONLY: Mapping[str, str] = {"en": "english"}
WITHOUT_CANTONESE: Mapping[str, str] = {
    code: name for code, name in languages.WHISPER.items() if code != "yue"
}
"""Cantonese has a token of its own only since large-v3."""
FEW = 12
"""Languages that fit into a line."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Which languages and tasks a model has. Read from the catalog or a folder's config."""

    name: str
    family: str = "whisper"
    languages: Mapping[str, str] = field(default_factory=lambda: languages.WHISPER)
    """Code to English name."""
    translates: bool = True

    @property
    def multilingual(self) -> bool:
        return len(self.languages) > 1

    def language(self, wanted: str) -> str:
        """The code of a language the model has.

        Raises:
            OptionError: nobody knows it.
            UnsupportedOption: the model does not have it.
        """
        if wanted.strip().lower() in self.languages:
            return wanted.strip().lower()
        if not self.languages.keys() <= languages.WHISPER.keys():
            return self._by_any_name(wanted)
        code = languages.code(wanted)
        if code not in self.languages:
            only = ", ".join(sorted(self.languages)[:6])
            raise UnsupportedOption(
                f"language {wanted!r}: the model {self.name} has only {only}",
                "choose a model that has it",
            )
        return code

    def _by_any_name(self, wanted: str) -> str:
        known, aliases = self.languages, languages.aliases(self.languages)
        has_it = languages.find(wanted, known, aliases) or languages.variants(wanted, known)
        if not has_it and languages.exists(wanted):
            raise UnsupportedOption(
                f"language {wanted!r}: the model {self.name} does not have it", self._choice()
            )
        if has_it or languages.nearest(wanted, known, aliases):
            return languages.code(wanted, known, aliases)
        raise OptionError(f"unknown language {wanted!r} to the model {self.name}", self._choice())

    def _choice(self) -> str:
        if len(self.languages) > FEW:
            return f"see `unispeech languages` with model={self.name!r}"
        return "it has " + ", ".join(f"{code} ({name})" for code, name in self.languages.items())

"""A model's languages and tasks, known before its weights are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from unispeech import languages
from unispeech.errors import OptionError, UnsupportedOption

FAMILIES: Mapping[str, str] = {
    "whisper": "Whisper",
    "ctc": "CTC (wav2vec2, HuBERT, MMS)",
    "parakeet": "Parakeet and FastConformer (NVIDIA NeMo)",
    "canary": "Canary (NVIDIA NeMo)",
    "gigaam": "GigaAM",
    "vosk": "Vosk (Kaldi Icefall)",
    "zipformer": "Zipformer and Conformer (k2 Icefall)",
    "wenet": "WeNet",
    "sensevoice": "SenseVoice (FunASR)",
    "paraformer": "Paraformer (FunASR)",
    "omnilingual": "Omnilingual ASR (Meta)",
    "dolphin": "Dolphin (DataoceanAI)",
    "moonshine": "Moonshine (Useful Sensors)",
    "firered": "FireRedASR",
    "qwen": "Qwen3-ASR",
    "lid": "language identification",
    "diarization": "diarization",
}
"""Built-in model families and their display names. Third-party backends add their own."""


def family_title(family: str) -> str:
    """Return the display name of a family."""
    return FAMILIES.get(family, family)


ENGLISH_ONLY: Mapping[str, str] = {"en": "english"}
WITHOUT_CANTONESE: Mapping[str, str] = {
    code: name for code, name in languages.WHISPER.items() if code != "yue"
}
"""Models before large-v3 have no token for Cantonese."""
UNDETERMINED = "und"
"""ISO 639-3's code for an undetermined language: that of a folder which does not name its own."""
LISTED = 12
"""Largest number of languages that a message lists."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Languages and tasks of a model, read from the catalog or a folder's config."""

    name: str
    family: str = "whisper"
    languages: Mapping[str, str] = field(default_factory=lambda: languages.WHISPER)
    """Code to English name."""
    translates: bool = True
    compute_types: tuple[str, ...] = ()
    """The compute types of its files, for formats that convert none; empty: all of the backend."""

    @property
    def multilingual(self) -> bool:
        return len(self.languages) > 1

    def language(self, name: str) -> str:
        """Return the code of a language, given by code or name.

        Raises:
            OptionError: the language is unknown.
            UnsupportedOption: the model does not have it.
        """
        if UNDETERMINED in self.languages:  # the user's choice is trusted
            known = {row.code: row.name for row in languages.table().values()}
            return languages.code(name, {**known, **languages.WHISPER})
        if name.strip().lower() in self.languages:
            return name.strip().lower()
        if not self.languages.keys() <= languages.WHISPER.keys():
            return self._by_any_name(name)
        code = languages.code(name)
        if code not in self.languages:
            only = ", ".join(sorted(self.languages)[:6])
            raise UnsupportedOption(
                f"language {name!r}: the model {self.name} has only {only}",
                "choose another model",
            )
        return code

    def _by_any_name(self, name: str) -> str:
        known, aliases = self.languages, languages.aliases(self.languages)
        is_known = languages.find(name, known, aliases) or languages.variants(name, known)
        if not is_known and languages.exists(name):
            raise UnsupportedOption(
                f"language {name!r}: the model {self.name} does not have it", self._choice()
            )
        if is_known or languages.nearest(name, known, aliases):
            return languages.code(name, known, aliases)
        raise OptionError(f"language {name!r} is unknown to the model {self.name}", self._choice())

    def _choice(self) -> str:
        if len(self.languages) > LISTED:
            return f"see `unispeech languages` with model={self.name!r}"
        return "it has " + ", ".join(f"{code} ({name})" for code, name in self.languages.items())

"""What has to be known of a model before its weights are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from unispeech import languages
from unispeech.errors import UnsupportedOption

Family = Literal["whisper", "ctc", "lid", "diarization"]


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Which languages and tasks a model has. Read from the catalog or a folder's config."""

    name: str
    family: Family = "whisper"
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
        if self.family == "ctc":
            return languages.code(wanted, self.languages, languages.aliases(self.languages))
        code = languages.code(wanted)
        if code not in self.languages:
            only = ", ".join(sorted(self.languages)[:6])
            raise UnsupportedOption(
                f"language {wanted!r}: the model {self.name} has only {only}",
                "use a multilingual model (base, small, ...)",
            )
        return code

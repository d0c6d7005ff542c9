"""What has to be known of a model before its weights are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from unispeech import languages
from unispeech.errors import OptionError, UnsupportedOption

Family = Literal["whisper", "ctc", "lid", "diarization"]
FEW = 12
"""Languages that fit into a line."""


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
            return self._by_any_name(wanted)
        code = languages.code(wanted)
        if code not in self.languages:
            only = ", ".join(sorted(self.languages)[:6])
            raise UnsupportedOption(
                f"language {wanted!r}: the model {self.name} has only {only}",
                "use a multilingual model (base, small, ...)",
            )
        return code

    def _by_any_name(self, wanted: str) -> str:
        try:
            return languages.code(wanted, self.languages, languages.aliases(self.languages))
        except OptionError as error:
            hint = f"see: unispeech languages --model {self.name}"
            if len(self.languages) <= FEW:
                has = (f"{code} ({name})" for code, name in self.languages.items())
                hint = f"it has {', '.join(has)}"
            if languages.exists(wanted) and "several" not in error.hint:
                raise UnsupportedOption(
                    f"language {wanted!r}: the model {self.name} does not have it", hint
                ) from None
            if error.hint != languages.NO_IDEA:
                raise
            raise OptionError(f"{error.message} to the model {self.name}", hint) from None

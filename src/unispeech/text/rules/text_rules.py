"""The options of text rules, a part of the table in `unispeech.options`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from unispeech import languages
from unispeech.errors import OptionError
from unispeech.option_schema import Interface, Option, declarations, option, validate
from unispeech.text.rules import chinese, fillers, numerals, replacements
from unispeech.text.rules.substitution import Rule

KEPT: dict[Interface, str] = {
    "bench": "a benchmark compares runtimes on the same task",
    "range": "a range keeps the rules of its recording",
}
MAX_RULES = 100_000
"""Maximum length of replacements in a request, in characters."""


@dataclass(frozen=True, slots=True)
class TextRules:
    """Changes of the text of a transcript, for a run or for `Transcript.edited`.

    They are applied in the order of the fields, to each segment by itself.

    Raises:
        OptionError: a value is invalid, a line of the replacements is malformed, or a library is
            not installed.
    """

    chinese: str | None = option(
        None, "Script of Chinese.", choices=tuple(chinese.SCRIPTS), excluded=KEPT
    )
    remove_fillers: bool = option(False, "Remove hesitations such as um and uh.", excluded=KEPT)
    fillers: str | None = option(
        None, "Words to remove, with commas between them, instead of the list of the language.",
        metavar="WORDS",
        excluded=KEPT | {"page": "the form has only the most common options"},
    )  # fmt: skip
    numerals: str | None = option(
        None, "Write numbers in `words` (up to 99) or in `digits`.", choices=("words", "digits"),
        excluded=KEPT,
    )  # fmt: skip
    replacements: str | Path | None = option(
        None, "Replacements, a rule per line: `colour => color`.", metavar="FILE",
        from_file=True, max_text=MAX_RULES, excluded=KEPT,
    )  # fmt: skip
    """The rules, or the path of a file with them, which is read at once."""

    def __post_init__(self) -> None:
        if isinstance(self.replacements, Path):
            object.__setattr__(self, "replacements", replacements.read(self.replacements))
        validate(self)
        if self.chinese is not None:
            _check_installed("opencc", "opencc", "chinese")
        if self.numerals == "digits":
            _check_installed("text_to_num", "text2num", "numerals")
        if self.fillers is not None and not self._own_fillers:
            raise OptionError("fillers has no words", "give words such as um,uh", option="fillers")
        self._parsed()

    @property
    def chosen(self) -> bool:
        """True if there is any rule."""
        return any(getattr(self, row.name) not in (None, False) for row in TEXT_RULES)

    def _parsed(self) -> tuple[Rule, ...]:
        return replacements.parse(str(self.replacements)) if self.replacements is not None else ()

    @property
    def _own_fillers(self) -> list[str]:
        return [word.strip() for word in (self.fillers or "").split(",") if word.strip()]

    def of(self, language: str) -> Iterator[Rule]:
        """The rules for a text in a language (ISO 639-1, or empty if it is unknown), in order.

        Raises:
            OptionError: a rule does not know the language.
        """
        if self.chinese is not None:
            _check_language(language, chinese.LANGUAGES, "chinese")
            yield chinese.converted(self.chinese)
        if self.fillers is not None:
            yield fillers.fillers(self._own_fillers)
        elif self.remove_fillers:
            _check_language(language, fillers.FILLERS, "remove_fillers")
            yield fillers.fillers(fillers.FILLERS[language])
        if self.numerals == "digits":
            _check_language(language, numerals.TO_DIGITS, "numerals")
            yield numerals.digits(language)
        elif self.numerals == "words":
            _check_language(language, numerals.TO_WORDS, "numerals")
            yield numerals.words(language)
        yield from self._parsed()


TEXT_RULES: tuple[Option, ...] = tuple(declarations(TextRules))
"""The declarations of the rules."""


def _check_installed(module: str, package: str, name: str) -> None:
    if find_spec(module) is None:
        raise OptionError(
            f"{name} needs the package {package}",
            "run: pip install 'unispeech[text]'",
            code="rule_not_installed",
            option=name,
        )


def _check_language(language: str, known: Iterable[str], name: str) -> None:
    """Raises:
    OptionError: a rule does not know the language.
    """
    if not language:
        raise OptionError(
            f"{name}: the language of the text is unknown",
            "set it, as in language='en'",
            option=name,
        )
    if language not in known:
        names = ", ".join(languages.name(code) for code in known)
        raise OptionError(
            f"{name} does not know {languages.name(language)}", f"it knows {names}", option=name
        )

"""The flags of text rules, made from the declarations in `unispeech.text.rules`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from unispeech import languages
from unispeech.cli import flags
from unispeech.cli.help import Function
from unispeech.cli.notices import notify
from unispeech.cli.spelling import with_flags
from unispeech.errors import OptionError
from unispeech.text.rules import TEXT_RULES, TextRules
from unispeech.types import Transcript

TEXT = "Text"


def text_options(function: Function) -> Function:
    """Add the flags of text rules."""
    for row in reversed(TEXT_RULES):
        function = flags.add_flag(row, TEXT)(function)
    return function


def rules_of(options: dict[str, Any]) -> TextRules:
    """Take the text rules out of the options of a command."""
    return TextRules(**{row.name: options.pop(row.name) for row in TEXT_RULES})


def check_language(rules: TextRules, options: dict[str, Any]) -> None:
    """Check the language of a run before it begins, if it is set.

    Raises:
        OptionError: a rule does not know the language.
    """
    language = "en" if options.get("task") == "translate" else options.get("language")
    if language is None or languages.is_automatic(language):
        return
    code = languages.find(language, languages.WHISPER, languages.ALIASES) or language
    list(rules.of(languages.iso639_1(code) or code))


def edited(transcript: Transcript, rules: TextRules, name: str) -> Transcript:
    """Apply the rules. If they fail, report it and return the text as it was, as incomplete."""
    try:
        return transcript.edited(rules)
    except OptionError as error:
        notify(f"{name}: the text is unchanged: {with_flags(error)}")
        return replace(transcript, complete=False)

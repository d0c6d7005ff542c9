"""The flags of text rules, for a command that changes existing transcripts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from unispeech.cli import flags
from unispeech.cli.notices import notify
from unispeech.cli.spelling import with_flags
from unispeech.errors import OptionError
from unispeech.text.rules import TEXT_RULES, TextRules
from unispeech.types import Transcript

text_options = flags.named(*(row.name for row in TEXT_RULES))


def rules_of(options: dict[str, Any]) -> TextRules:
    """Take the text rules out of the options of a command."""
    return TextRules(**{row.name: options.pop(row.name) for row in TEXT_RULES})


def edited(transcript: Transcript, rules: TextRules, name: str) -> Transcript:
    """Apply the rules. If they fail, report it and return the text as it was, as incomplete."""
    try:
        return transcript.edited(rules)
    except OptionError as error:
        notify(f"{name}: the text is unchanged: {with_flags(error)}")
        return replace(transcript, complete=False)

"""Changes of a transcript's text, each on record, so that the original can be restored."""

from unispeech.text.rules.applying import apply, original, reworded, written_language
from unispeech.text.rules.text_rules import TEXT_RULES, TextRules
from unispeech.types import Change, Edit

__all__ = [
    "TEXT_RULES", "Change", "Edit", "TextRules", "apply", "original", "reworded",
    "written_language",
]  # fmt: skip

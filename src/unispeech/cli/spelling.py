"""Errors as the command line spells them: the core names options, this is where they are flags."""

from __future__ import annotations

import re

from unispeech.errors import UnispeechError
from unispeech.options import OPTIONS

NAMES = (*OPTIONS, "backend", "model")
HINTS = {
    "no_microphone": ", or play a file with --input FILE, or pipe PCM to `unispeech mic -`",
    "microphone_busy": "; see `unispeech mic --list-devices`",
}
"""Ways out that only the command line has, by the code of the error."""
_GIVEN = re.compile(rf"(?<![\w./'-])({'|'.join(NAMES)})=(?:'([^']*)'|\"([^\"]*)\"|([\w.]+))")
"""An option with its value: `device='cpu'`."""
_NAMED = re.compile(
    rf"(?<![\w./'=-])({'|'.join(name for name in NAMES if '_' in name)})(?![\w./'])"
)
"""A name that is no English word: `beam_size`."""


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def spelled(error: UnispeechError) -> str:
    """Return the error as one line with flags in the place of option names."""
    text = str(error) + HINTS.get(error.code, "")
    name = error.option
    if name and re.match(rf"{re.escape(name)}\b(?!=)", text):
        text = flag(name) + text[len(name) :]
    return _NAMED.sub(lambda match: flag(match[1]), _GIVEN.sub(_with_value, text))


def _with_value(match: re.Match[str]) -> str:
    name, value = match[1], match[2] or match[3] or match[4]
    if value == "True":
        return flag(name)
    return flag(f"no_{name}") if value == "False" else f"{flag(name)} {value}"

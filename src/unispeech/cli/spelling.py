"""Option names in error messages, rewritten as the flags that the command line has for them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from unispeech.errors import UnispeechError
from unispeech.options import OPTIONS
from unispeech.text.formats import DETAILS
from unispeech.text.layout.limits import LAYOUT_OPTIONS

NAMES = (*OPTIONS, *(row.name for row in (*LAYOUT_OPTIONS, *DETAILS)), "backend", "model")
HINTS = {
    "no_microphone": ", or play a file with --input FILE, or pipe PCM to `unispeech mic -`",
    "microphone_busy": "; see `unispeech mic --list-devices`",
}
"""Additional hints by error code, about flags that only the command line has."""
_WITH_VALUE = re.compile(rf"(?<![\w./'-])({'|'.join(NAMES)})=(?:'([^']*)'|\"([^\"]*)\"|([\w.]+))")
"""An option with its value: `device='cpu'`."""
_NAME = re.compile(rf"(?<![\w./'=-])({'|'.join(name for name in NAMES if '_' in name)})(?![\w./'])")
"""An option name that cannot be an English word: `beam_size`."""


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def in_flags(text: str) -> str:
    """Return a text that names flags instead of options."""
    return _NAME.sub(lambda match: flag(match[1]), text)


def with_flags(error: UnispeechError, renamed: Mapping[str, str] | None = None) -> str:
    """Return the error as one line that names flags instead of options.

    `renamed` are the options whose flag has another name in this command.
    """
    names = renamed or {}

    def flag_of(name: str) -> str:
        return flag(names.get(name, name))

    def setting(match: re.Match[str]) -> str:
        name, value = match[1], match[2] or match[3] or match[4]
        if value in ("True", "False"):
            return flag_of(name if value == "True" else f"no_{name}")
        return f"{flag_of(name)} {value}"

    text = str(error) + HINTS.get(error.code, "")
    option = error.option
    if option and re.match(rf"{re.escape(option)}\b(?!=)", text):
        text = flag_of(option) + text[len(option) :]
    return _NAME.sub(lambda match: flag_of(match[1]), _WITH_VALUE.sub(setting, text))

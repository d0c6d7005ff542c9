"""Output to a console of any encoding."""

from __future__ import annotations

import codecs
import io
import json
import sys

from unispeech.cli.notices import notify

_warned = False


def accept_any_text() -> None:
    """Print `?` for characters that the console does not have, instead of failing.

    The first of them on stdout is reported. File names that are no valid text print too.
    """
    codecs.register_error("unispeech-replace", _replaced)
    for stream, errors in ((sys.stdout, "unispeech-replace"), (sys.stderr, "replace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)


def _replaced(error: UnicodeError) -> tuple[str | bytes, int]:
    global _warned
    if not _warned:
        _warned = True
        notify(
            f"warning: the console ({sys.stdout.encoding}) cannot show every character; write a "
            "file with --output-dir, or set PYTHONIOENCODING=utf-8"
        )
    return codecs.replace_errors(error)


def printable_json(text: str) -> str:
    """JSON that the console can print without a loss: escaped where its encoding needs it."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return json.dumps(json.loads(text), indent=2) + "\n"
    return text

"""Report of the fields that an imitated API accepts without effect."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

from fastapi.responses import Response

log = logging.getLogger("unispeech.server")

HEADER = "X-UniSpeech-Ignored"
MAX_NAMES = 20
"""Names that the header and the log list."""


def report(names: Iterable[str], *, dialect: str) -> dict[str, str]:
    """Log the names of ignored fields, and return the response header that lists them."""
    unique = list(dict.fromkeys(map(_printable, names)))
    if not unique:
        return {}
    text = ", ".join(unique[:MAX_NAMES])
    log.info("ignored fields: %s", text, extra={"kind": dialect})
    return {HEADER: text}


def add(response: Response, names: Iterable[str], *, dialect: str) -> Response:
    """Add the header to a response, and return it."""
    response.headers.update(report(names, dialect=dialect))
    return response


def _printable(name: str) -> str:
    """Return a client's field name as it may stand in a header."""
    return re.sub(r"[^\w.\[\]-]", "?", name[:50], flags=re.ASCII)

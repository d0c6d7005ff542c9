"""Events of a connection, limited in size.

The `wyoming` package reads as many bytes as a client announces, so its own reader is for clients.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from wyoming.event import Event

from unispeech.errors import OptionError

MAX_LINE = 64 << 10
"""Largest header of an event, in bytes."""
MAX_DATA = 1 << 20
"""Largest data of an event after its header, in bytes."""
MAX_PAYLOAD = 4 << 20
"""Largest sound of an event, in bytes: 20 seconds at 48 kHz in stereo."""
MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""Errors raised by reading a malformed event."""


async def read_event(reader: asyncio.StreamReader) -> Event | None:
    """Return the next event, or None if the client has closed the connection.

    Raises:
        OptionError: the bytes are not an event, or the event is too large.
    """
    try:
        line = await reader.readline()
        if not line:
            return None
        header = json.loads(line)
        data = dict(header.get("data") or {})
        if size := _size(header, "data_length", MAX_DATA):
            data.update(json.loads(await reader.readexactly(size)))
        size = _size(header, "payload_length", MAX_PAYLOAD)
        payload = await reader.readexactly(size) if size else None
        return Event(str(header["type"]), data, payload)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except MALFORMED as error:
        raise malformed("connection") from error


def malformed(subject: str) -> OptionError:
    """Return the error about bytes or an event of a wrong form."""
    return OptionError(
        f"{subject[:50]}: not an event of the Wyoming protocol, or too large",
        f"send sound in chunks of at most {MAX_PAYLOAD >> 20} MiB",
    )


def _size(header: dict[str, Any], name: str, limit: int) -> int:
    size = header.get(name) or 0
    if not isinstance(size, int) or not 0 <= size <= limit:
        raise ValueError(name)
    return size

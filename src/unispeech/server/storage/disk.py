"""Streaming to files, safe file names, and the detection of a full disk."""

from __future__ import annotations

import asyncio
import errno
import re
from collections.abc import AsyncIterator
from pathlib import Path

from unispeech.server.service_errors import TooLarge
from unispeech.server.storage.connection import UNAVAILABLE

PIECE = 1 << 20
"""Bytes of one write."""


async def save(pieces: AsyncIterator[bytes], target: Path, limit: int) -> int:
    """Write the pieces to `target` and return the number of bytes.

    Raises:
        TooLarge: there are more than `limit` bytes; raised at once.
    """
    total, buffer = 0, bytearray()
    with target.open("wb") as file:
        async for piece in pieces:
            total += len(piece)
            if total > limit:
                raise TooLarge(limit)
            buffer += piece
            if len(buffer) >= PIECE:
                await asyncio.to_thread(file.write, bytes(buffer))
                buffer.clear()
        await asyncio.to_thread(file.write, bytes(buffer))
    return total


def clean_name(name: str | None, default: str = "recording") -> str:
    """Return a client's file name without folders and control characters, cut to 200 characters."""
    last = re.split(r"[/\\]", name or "")[-1]
    printable = "".join(c for c in last if c.isprintable()).strip()
    return printable[:200] or default


def is_full(error: BaseException) -> bool:
    """Return whether the error means a full disk or an exhausted quota."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    text = str(getattr(error, "orig", "")) if isinstance(error, UNAVAILABLE) else ""
    return "disk is full" in text or "No space left" in text

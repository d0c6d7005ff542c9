"""Files that arrive in pieces, and disks that are full."""

from __future__ import annotations

import asyncio
import errno
import re
from collections.abc import AsyncIterator
from pathlib import Path

from unispeech.server.service_errors import TooLarge
from unispeech.server.storage.connection import AWAY

PIECE = 1 << 20
"""Bytes written at once."""


async def save(pieces: AsyncIterator[bytes], target: Path, limit: int) -> int:
    """Write the pieces to `target` and return the number of bytes.

    Raises:
        TooLarge: more than `limit` bytes, at the first byte too many.
    """
    total, held = 0, bytearray()
    with target.open("wb") as file:
        async for piece in pieces:
            total += len(piece)
            if total > limit:
                raise TooLarge(limit)
            held += piece
            if len(held) >= PIECE:
                await asyncio.to_thread(file.write, bytes(held))
                held.clear()
        await asyncio.to_thread(file.write, bytes(held))
    return total


def clean_name(name: str | None, otherwise: str = "recording") -> str:
    """A client's file name without folders and control characters, at most 200 characters."""
    last = re.split(r"[/\\]", name or "")[-1]
    kept = "".join(c for c in last if c.isprintable()).strip()
    return kept[:200] or otherwise


def is_full(error: BaseException) -> bool:
    """Whether this error means a full disk or an exhausted quota."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    told = str(getattr(error, "orig", "")) if isinstance(error, AWAY) else ""
    return "disk is full" in told or "No space left" in told

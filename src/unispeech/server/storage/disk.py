"""A disk that is full."""

from __future__ import annotations

import errno

from unispeech.server.storage.sql import AWAY


def is_full(error: BaseException) -> bool:
    """Whether this is what a full disk, or a used up quota, comes out as."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    told = str(getattr(error, "orig", "")) if isinstance(error, AWAY) else ""
    return "disk is full" in told or "No space left" in told

"""Files that are whole or not there."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write all of a file or nothing: a full disk or a kill never leaves half of it.

    Raises:
        OSError: it cannot be written; `filename` is the path.
    """
    draft = path.with_name(f".unispeech-{os.urandom(8).hex()}")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(path)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)
        raise

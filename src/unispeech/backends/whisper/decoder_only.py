"""A CTranslate2 folder without the layers of its encoder, for a decoder whose encoder is elsewhere.

CTranslate2 loads every layer of a `model.bin` and cannot unload a part. It takes the number of
layers from the file, and needs one, so a file with the first layer alone loads, and decodes, aligns
and detects languages from the output of another encoder.
"""

from __future__ import annotations

import os
import re
import struct
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from unispeech.models.formats import ctranslate2

PIECE = 1 << 20
"""Bytes copied at a time."""
REMOVED = re.compile(r"encoder/layer_[1-9]")


@contextmanager
def folder(model: Path) -> Iterator[Path]:
    """Yield a folder to load at once, of which nothing remains afterwards.

    Its weights are in a memory file (Linux, memfd_create). Where there are none, or no folder for
    temporary files, this is `model` itself.

    Raises:
        ModelDamaged: `model.bin` is truncated.
    """
    with ExitStack() as stack:
        try:
            reduced = _reduced(model, stack)
        except (AttributeError, OSError):
            reduced = model
        yield reduced


def _reduced(model: Path, stack: ExitStack) -> Path:
    """Return the folder, which `stack` removes.

    Raises:
        AttributeError, OSError: the system cannot.
    """
    memory = stack.enter_context(os.fdopen(os.memfd_create("model.bin"), "r+b"))
    name = stack.enter_context(tempfile.TemporaryDirectory(prefix="unispeech-"))
    _copy(model / "model.bin", memory)
    for path in model.iterdir():
        if path.name != "model.bin":
            (Path(name) / path.name).symlink_to(path.absolute())
    weights = Path(name) / "model.bin"
    weights.symlink_to(f"/proc/self/fd/{memory.fileno()}")
    with weights.open("rb"):  # where there is no /proc, this fails here and not in CTranslate2
        return Path(name)


def _copy(path: Path, target: BinaryIO) -> None:
    """Copy a `model.bin` without the encoder's layers but the first."""
    index = ctranslate2.variables(path)
    removed = [(name, variable) for name, variable in index.items() if REMOVED.match(name)]
    with path.open("rb") as source:
        head = ctranslate2.count_offset(source)
        source.seek(0)
        target.write(source.read(head) + struct.pack("<I", len(index) - len(removed)))
        start = head + 4
        for name, variable in removed:
            _copy_range(source, target, start, variable.offset - variable.header_size(name))
            start = variable.offset + variable.size
        _copy_range(source, target, start, path.stat().st_size)
    target.flush()


def _copy_range(source: BinaryIO, target: BinaryIO, start: int, end: int) -> None:
    source.seek(start)
    while start < end:
        piece = source.read(min(PIECE, end - start))
        if not piece:
            raise OSError("model.bin became shorter while it was read")
        target.write(piece)
        start += len(piece)

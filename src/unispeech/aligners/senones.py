"""SoundSwallower's acoustic models with their senones (tied states) in a faster order.

The library lists the senones of a frame by their distances, one byte each, and bridges a longer
distance by senones that nobody asked for (`acmod_flags2list` in its `acmod.c`). There are about 20
in a frame, and the Gaussians of their phones are evaluated too. In the order of this module,
senones at a distance of 255 belong to one phone, so that a bridge needs no more Gaussians. The
times stay the same (decision 0084).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

BRIDGE = 255
"""The longest distance that the library can write."""
DEFINITION, WEIGHTS = "mdef", "sendump"
"""Files of a model: the senones of each phone in its context, and the weights of each senone's
Gaussians."""
SILENCE = b"SIL"
_HEADER = struct.Struct("<4sii")
_COUNTS = struct.Struct("<10i")
_NODE = 8
"""Bytes of a node of the tree of contexts (`cd_tree_t` in the library's bin_mdef.h)."""
_PHONE = np.dtype([("sequence", "<i4"), ("transitions", "<i4"), ("context", "u1", (4,))])
"""`mdef_entry_t`. The second byte of the context is the phone; a phone without context has none."""

Ids = npt.NDArray[np.int64]


@contextmanager
def reordered(folder: Path) -> Iterator[dict[str, str]]:
    """Settings of the library for a faster copy of a model's files, which lasts as long.

    The decoder keeps the files mapped. Without room for them there are no settings: the library
    then reads its own files, and aligns at half the speed.
    """
    settings: dict[str, str] = {}
    with ExitStack() as stack:
        try:
            # On Windows, files that are mapped stay until the system removes them.
            temporary = TemporaryDirectory(prefix="unispeech-", ignore_cleanup_errors=True)
            into = Path(stack.enter_context(temporary))
            definition, order = _definition((folder / DEFINITION).read_bytes())
            (into / DEFINITION).write_bytes(definition)
            (into / WEIGHTS).write_bytes(_weights((folder / WEIGHTS).read_bytes(), order))
            settings = {name: str(into / name) for name in (DEFINITION, WEIGHTS)}
        except OSError:
            pass
        yield settings


def _definition(data: bytes) -> tuple[bytes, Ids]:
    """The definition with renumbered senones, and the new number of each senone.

    The layout is that of `bin_mdef_read_s3file` in the library's bin_mdef.c.
    """
    *_, described = _HEADER.unpack_from(data)
    at = _HEADER.size + described
    phones, contexts, states, _, senones, *_, nodes, _ = _COUNTS.unpack_from(data, at)
    begin = at = at + _COUNTS.size
    names = data[at:].split(b"\0", phones)[:phones]
    at = begin + -(-sum(len(name) + 1 for name in names) // 4) * 4 + nodes * _NODE
    entries = np.frombuffer(data, _PHONE, contexts, at)
    at += entries.nbytes
    (length,) = struct.unpack_from("<i", data, at)
    at += 4
    sequences = np.frombuffer(data, "<u2", length, at)
    order = _order(_owners(entries, phones, sequences.reshape(-1, states), senones), names)
    renumbered = order[sequences].astype("<u2").tobytes()
    return data[:at] + renumbered + data[at + len(renumbered) :], order


def _owners(
    entries: npt.NDArray[np.void], phones: int, sequences: npt.NDArray[np.uint16], senones: int
) -> Ids:
    """The phone of each senone: the first one, as in the library."""
    phone = entries["context"][:, 1].astype(np.int64)
    phone[:phones] = np.arange(phones)
    owners = np.zeros(senones, np.int64)
    for states in sequences[entries["sequence"]].T:
        owners[states[::-1]] = phone[::-1]
    return owners


def _order(owners: Ids, names: list[bytes]) -> Ids:
    """The new number of each senone: those of a phone fill columns of a table of 255 columns.

    Silence is in the first column, from which the library bridges to the first senone: its
    Gaussians are needed in most frames.
    """
    first = np.argsort(np.where(owners == names.index(SILENCE), -1, owners), kind="stable")
    numbers = np.arange(len(owners))
    order = np.empty_like(numbers)
    order[first] = np.lexsort((numbers // BRIDGE, numbers % BRIDGE))
    return order


def _weights(data: bytes, order: Ids) -> bytes:
    """The weights with renumbered senones; the layout is that of `read_sendump` in ptm_mgau.c."""
    at = 0
    while length := struct.unpack_from("<i", data, at)[0]:
        at += 4 + length
    at += 4 + 8  # the end of the texts, the numbers of rows and columns
    rows = np.frombuffer(data, np.uint8, offset=at).reshape(-1, len(order))
    renumbered = np.empty_like(rows)
    renumbered[:, order] = rows
    return data[:at] + renumbered.tobytes()

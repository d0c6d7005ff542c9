"""The rows of a manifest, whatever its form.

A manifest is a table (`tables`), a folder or a pattern (`folders`), tar shards (`shards`) or a
dataset of the Hugging Face Hub (`hub`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from unispeech.corpus import folders, hub, shards, tables
from unispeech.corpus.rows import Row
from unispeech.errors import OptionError

KNOWN = "give .jsonl, .csv, .tsv, .parquet or .tar files, a folder, a pattern or hf:OWNER/DATASET"


class Manifest(Protocol):
    """Rows that can be read several times, always the same in the same order."""

    def rows(self) -> Iterator[Row]:
        """Raises `OptionError` if the manifest cannot be read."""
        ...

    def count(self) -> int | None:
        """The number of rows; None if counting would read all the sound."""
        ...


def opened(argument: str, frozen: Path) -> Manifest:
    """The manifest that an argument names. Reads no row yet.

    Args:
        argument: a path, a URL, a pattern or `hf:OWNER/DATASET`.
        frozen: the file that keeps the order of a folder's recordings between runs.

    Raises:
        OptionError: there is no such manifest, or its form is unknown.
    """
    if argument.startswith(hub.PREFIX):
        return hub.Dataset(argument)
    form = tables.form(argument)
    if form in shards.SUFFIXES:
        return shards.Shards(argument)
    if form in tables.READERS:
        tables.check(argument)
        return tables.Table(argument, tables.READERS[form])
    if folders.is_folder(argument):
        return folders.Folder(argument, frozen)
    if "://" not in argument and not Path(argument).exists():
        raise OptionError(f"{argument}: there is no such manifest", KNOWN)
    raise OptionError(f"{argument}: not a manifest", KNOWN)

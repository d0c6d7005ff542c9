"""The models with a short name, as data: their sources, languages, tasks and licences.

Revisions and hashes are those of the Hub's repositories. A package on the package index that
carries the same weights is another source of the same files, with the same sha256. To add a model,
add a row to a module of `families`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from unispeech import errors
from unispeech.models.entry import Entry, Source
from unispeech.models.families import mms, onnx, sherpa, whisper

PYANNOTE_FILES = ("config.yaml", "segmentation/*", "embedding/*", "plda/*")
"""Patterns of the files of a diarization pipeline."""
FILES: Mapping[str, tuple[str, ...]] = {
    "pyannote": PYANNOTE_FILES, "onnx": onnx.FILES, "sherpa": sherpa.FILES,
}  # fmt: skip
"""Patterns of the files of a repository outside the catalog, by format; others are standard."""
ENTRIES: tuple[Entry, ...] = (
    *whisper.ENTRIES,
    *mms.ENTRIES,
    *onnx.ENTRIES,
    *sherpa.ENTRIES,
    Entry(
        name="speaker-diarization-community-1",
        megabytes=33,
        sources=(
            Source("pyannote", "pyannote/speaker-diarization-community-1", files=PYANNOTE_FILES),
        ),
        family="diarization",
        licence="CC-BY 4.0",
        languages={},
        translates=False,
        aliases=("pyannote/speaker-diarization-community-1",),
        summary="who speaks when",
        gated=True,
    ),
)


NUMBER = re.compile(r"\d+")


@cache
def _by_name() -> dict[str, Entry]:
    return {name.lower(): entry for entry in ENTRIES for name in (entry.name, *entry.aliases)}


def find(name: str) -> Entry | None:
    """Return the entry of a name or alias, ignoring case."""
    return _by_name().get(name.strip().lower())


def nearest(name: str) -> str:
    """Return the catalog name most similar to `name`, or an empty string.

    If only a number is wrong, the name with the numerically nearest one is returned.
    """
    key = name.strip().lower()
    entries = _by_name()
    same = [other for other in entries if NUMBER.sub("#", other) == NUMBER.sub("#", key)]
    if same:
        return entries[min(same, key=lambda other: _distance(key, other))].name
    near = errors.nearest(key, entries)
    return entries[near].name if near else ""


def _distance(first: str, second: str) -> int:
    """Return the distance between the numbers of two names that are otherwise equal."""
    pairs = zip(NUMBER.findall(first), NUMBER.findall(second), strict=True)
    return sum(abs(int(a) - int(b)) for a, b in pairs)

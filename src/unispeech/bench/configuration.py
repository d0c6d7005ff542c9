"""One configuration to measure: a backend or a peer, a model, and the options that matter."""

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
"""What the names of plain libraries begin with."""
NO_CHOICE = ("beam_size", "threads", "word_timestamps")
"""Options that are left out for a backend without them: all rows are of what each can do."""
BATCH = 4
"""The place of the batch size among the parts of a name."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """One row of the report."""

    backend: str
    """One of ours, or `peer:NAME`: the plain library, called as its documentation says."""
    model: str
    compute_type: str = "default"
    batch_size: int = 16
    strategy: str = "batched"
    beam_size: int = 5
    threads: int = 0
    device: str = "auto"
    words: bool = False

    @property
    def is_peer(self) -> bool:
        return self.backend.startswith(PEER)

    @property
    def key(self) -> str:
        """The same for the same configuration, always."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def parts(self) -> tuple[str, ...]:
        """Everything that makes it what it is, in words; the backend comes first."""
        return (
            self.backend,
            self.model,
            "" if self.compute_type == "default" else self.compute_type,
            "" if self.strategy == "batched" else self.strategy,
            f"batch {self.batch_size}" if self.batch_size else "",
            f"beam {self.beam_size}",
        )

    @property
    def name(self) -> str:
        return " · ".join(part for part in self.parts if part)

    def options(self) -> dict[str, Any]:
        """As `Engine` takes them."""
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
        return options

    def settled(self, language: str | None = None) -> Settled:
        """One of our own, without the options that leave its backend no choice."""
        load, options = split_options({**self.options(), "language": language})
        spec = registry.find(self.backend)
        facts = lookup.facts(spec, self.model, load, options)
        return settle_leniently(spec, facts, load, options, NO_CHOICE)


def labels(configurations: Sequence[Configuration]) -> tuple[list[str], str]:
    """The shortest name that tells each from the others, and what is the same for all."""
    columns = list(zip(*(one.parts for one in configurations), strict=True))
    same = [len(set(column)) == 1 for column in columns]
    same[0] = False
    # Who has no batches was not given a choice of their size.
    same[BATCH] = len({part for part in columns[BATCH] if part}) <= 1
    short = [
        " · ".join(
            part for part, shared in zip(one.parts, same, strict=True) if part and not shared
        )
        for one in configurations
    ]
    if len(set(short)) < len(short):
        return [one.name for one in configurations], ""
    common = (max(column) for column, shared in zip(columns, same, strict=True) if shared)
    return short, " · ".join(part for part in common if part)

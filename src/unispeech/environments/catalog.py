"""The locks: what each environment holds, to the version. Data of this package.

A lock is a requirements file. `#: key = value` lines say what pip does not need to know:

    #: summary = what it is for
    #: size = megabytes it takes when installed, about
    #: imports = modules that have to import when it is done
    #: alone = requirements installed without their dependencies, because they pin others
              than the ones here, which they were tried with
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Lock:
    """One environment, pinned."""

    name: str
    requirements: tuple[str, ...]
    """`name==version`, everything in it."""
    alone: tuple[str, ...]
    """Of these, the ones installed after the others and without their own dependencies."""
    imports: tuple[str, ...]
    megabytes: int
    summary: str

    @property
    def hash(self) -> str:
        """Of the pins and this Python's minor version: another one is another environment."""
        version = f"{sys.implementation.cache_tag}"
        text = "\n".join((version, *self.requirements, "alone", *self.alone))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def read(name: str, text: str) -> Lock:
    """A lock from its text."""
    facts: dict[str, str] = {}
    requirements = []
    for line in text.splitlines():
        if line.startswith("#:"):
            key, _, value = line[2:].partition("=")
            facts[key.strip()] = value.strip()
        elif line.strip() and not line.startswith("#"):
            requirements.append(line.strip())
    return Lock(
        name=name,
        requirements=tuple(requirements),
        alone=tuple(facts.get("alone", "").split()),
        imports=tuple(facts.get("imports", "").split()),
        megabytes=int(facts.get("size", "0")),
        summary=facts.get("summary", ""),
    )


@cache
def locks() -> dict[str, Lock]:
    """Every lock of this package by name."""
    folder = files(__package__) / "locks"
    found = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".txt"))
    return {
        name.removesuffix(".txt"): read(
            name.removesuffix(".txt"), (folder / name).read_text(encoding="utf-8")
        )
        for name in found
    }

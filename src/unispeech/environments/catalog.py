"""The locks: pinned requirements of each environment, as data of this package.

A lock is a requirements file with additional `#: key = value` lines:

    #: summary = purpose of the environment
    #: size = approximate size when installed, in megabytes
    #: imports = modules that must import after the installation
    #: alone = requirements to install without their dependencies, because their own pins
              conflict with the versions here, which were tested with them
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Lock:
    """The pinned requirements of an environment."""

    name: str
    requirements: tuple[str, ...]
    """`name==version` of every package."""
    alone: tuple[str, ...]
    """Requirements that are installed last, without their dependencies."""
    imports: tuple[str, ...]
    megabytes: int
    summary: str

    @property
    def hash(self) -> str:
        """Hash of the pins and Python's minor version, which identifies an environment."""
        version = f"{sys.implementation.cache_tag}"
        text = "\n".join((version, *self.requirements, "alone", *self.alone))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def read(name: str, text: str) -> Lock:
    """Parse a lock."""
    fields: dict[str, str] = {}
    requirements = []
    for line in text.splitlines():
        if line.startswith("#:"):
            key, _, value = line[2:].partition("=")
            fields[key.strip()] = value.strip()
        elif line.strip() and not line.startswith("#"):
            requirements.append(line.strip())
    return Lock(
        name=name,
        requirements=tuple(requirements),
        alone=tuple(fields.get("alone", "").split()),
        imports=tuple(fields.get("imports", "").split()),
        megabytes=int(fields.get("size", "0")),
        summary=fields.get("summary", ""),
    )


@cache
def locks() -> dict[str, Lock]:
    """Return the locks of this package by name."""
    folder = files(__package__) / "locks"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".txt"))
    return {
        name.removesuffix(".txt"): read(
            name.removesuffix(".txt"), (folder / name).read_text(encoding="utf-8")
        )
        for name in names
    }

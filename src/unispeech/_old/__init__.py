"""Old names of modules, kept for one minor release.

This folder is a second place for the modules of the package (`__path__`), so a file here is
imported under the name it once had. It takes its names from the modules they have moved to, and
warns. Old names of `unispeech.server`, `cli` and `bench` are not kept: those are applications.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any


def moved(old: str, *homes: str) -> Callable[[str], Any]:
    """The `__getattr__` of an old module, whose names are in the modules `homes` now."""

    def attribute(name: str) -> Any:
        for home in homes if not name.startswith("__") else ():
            module = import_module(f"unispeech.{home}")
            if hasattr(module, name):
                warnings.warn(
                    f"{old}.{name} is deprecated; it is unispeech.{home}.{name} now",
                    DeprecationWarning,
                    stacklevel=2,
                )
                return getattr(module, name)
        raise AttributeError(f"module {old!r} has no attribute {name!r}")

    return attribute

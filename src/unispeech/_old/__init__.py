"""Old module names, kept for one minor release.

This folder is on the `__path__` of the package, so a file in it can be imported under the old name
of a module. It forwards to the new modules with a warning. `unispeech.server`, `cli` and `bench`
have no old names, because they are applications.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any


def moved(old: str, *homes: str, **renamed: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of an old module, whose names are now in the modules `homes`.

    `renamed` maps old names to new ones.
    """

    def attribute(name: str) -> Any:
        new = renamed.get(name, name)
        for home in homes if not name.startswith("__") else ():
            module = import_module(f"unispeech.{home}")
            if hasattr(module, new):
                warnings.warn(
                    f"{old}.{name} is deprecated; use unispeech.{home}.{new}",
                    DeprecationWarning,
                    stacklevel=2,
                )
                return getattr(module, new)
        raise AttributeError(f"module {old!r} has no attribute {name!r}")

    return attribute

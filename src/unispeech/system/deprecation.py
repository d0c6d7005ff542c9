"""Deprecation warnings."""

from __future__ import annotations

import sys
import warnings


def warn(message: str) -> None:
    """Warn at the line that called into this package.

    By default Python shows a `DeprecationWarning` only if that line is in the main program.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "unispeech":
        frame, level = frame.f_back, level + 1
    warnings.warn(message, DeprecationWarning, stacklevel=level)

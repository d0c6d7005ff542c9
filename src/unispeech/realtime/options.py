"""The options of a live session."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from unispeech.errors import OptionError
from unispeech.options import CallOptions, unknown_option
from unispeech.realtime.ticks import TICK_SECONDS


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """The times of a live session, in seconds."""

    step: float = 0.5
    """Time between two decodings of a growing phrase."""
    endpoint: float = 0.7
    """Silence that ends a phrase."""
    keep: float = 8.0
    """Length from which the final words at the start of a phrase are dropped from its window."""
    longest: float = 24.0
    """Length at which a phrase is cut, at a pause or where it is quietest. Bounds the sound in
    memory."""

    def __post_init__(self) -> None:
        for name, low, high in (
            ("step", TICK_SECONDS, 10.0),
            ("endpoint", 0.2, 10.0),
            ("keep", 2.0, self.longest),
            ("longest", 4.0, 28.0),
        ):
            value = getattr(self, name)
            if not (isinstance(value, int | float) and low <= value <= high):
                raise OptionError(
                    f"{name} is {value!r}", f"use a number from {low:g} to {high:g}", option=name
                )


class ListenOptions(CallOptions, total=False):
    """The options of `Engine.listen` by name, for type checkers."""

    step: float
    endpoint: float
    keep: float
    longest: float


def split_options(options: dict[str, Any]) -> tuple[LiveOptions, dict[str, Any]]:
    """Split options by name into those of the session and those of decoding.

    Raises:
        OptionError: an unknown name (with the nearest known one) or a wrong value.
    """
    for name in options:
        if name not in ListenOptions.__annotations__:
            raise unknown_option(name, ListenOptions.__annotations__)
    names = {field.name for field in fields(LiveOptions)}
    live = {name: value for name, value in options.items() if name in names}
    return LiveOptions(**live), {n: value for n, value in options.items() if n not in names}

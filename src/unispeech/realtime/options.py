"""When a session decodes and when it lets go."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from unispeech.errors import OptionError
from unispeech.options import CallOptions
from unispeech.realtime.ticks import TICK_SECONDS


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """When a session decodes and when it lets go. Seconds."""

    step: float = 0.5
    """Between two decodings of a growing phrase."""
    endpoint: float = 0.7
    """Silence that ends a phrase."""
    keep: float = 8.0
    """Length above which a phrase loses its beginning, as far as that is final."""
    longest: float = 24.0
    """Length at which a phrase is cut at its quietest moment, whatever is final: the bound on the
    sound held."""

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
    """The flat names of a live session, for type checkers."""

    step: float
    endpoint: float
    keep: float
    longest: float


def split_options(options: dict[str, Any]) -> tuple[LiveOptions, dict[str, Any]]:
    """Flat names into when a session decodes and how."""
    names = {field.name for field in fields(LiveOptions)}
    live = {name: value for name, value in options.items() if name in names}
    return LiveOptions(**live), {n: value for n, value in options.items() if n not in names}

"""Declaration of an option: a dataclass field with its help, values and limits.

`unispeech.options` declares every option with `option()`. The command line, the request models of
the service, `/api/info` and the page are generated from these declarations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, Literal

from unispeech.errors import OptionError

Interface = Literal["cli", "api", "range", "page", "again", "live", "bench", "batch"]
"""Interfaces that offer a part of the options: commands, jobs, decoding a range of a job again, the
page's form, the page's dialog for such a range, live streams, and benchmarks. Python has all."""

TYPES: Mapping[str, type] = {
    "bool": bool, "int": int, "float": float, "str": str, "Task": str, "Strategy": str,
    "ChannelMode": str, "AlignerName": str,
    "tuple[float, ...]": float, "str | Path": str,
}  # fmt: skip
"""The type of a single value, by the annotation of its field."""
MAX_TEXT = 4000
"""Maximum length of a free text in a request, in characters, unless the option sets another."""


@dataclass(frozen=True, slots=True)
class Option:
    """Declaration of one option."""

    help: str
    shown_default: str = ""
    """The default in words, if the default value is None."""
    unit: str = ""
    metavar: str = ""
    """Placeholder for the value in help texts: MODEL, FILE."""
    choices: tuple[str, ...] = ()
    bounds: tuple[float, float] | None = None
    """Smallest and largest value; if they are int, only whole numbers are valid."""
    capability: str = ""
    """The field of `Capabilities` that a backend needs for this option."""
    neutral: tuple[Any, ...] = ()
    """Values besides the default that every backend can honour."""
    engine_only: bool = False
    """Only the batched strategy honours this option; the native strategy refuses it."""
    excluded: Mapping[Interface, str] = field(default_factory=dict)
    """Interfaces that do not offer this option, each with the reason."""
    off_help: str = ""
    """Help of the flag that switches the option off, if it is on by default."""
    max_text: int = MAX_TEXT
    """Maximum length of a free text in a request, in characters."""
    from_file: bool = False
    """The value is the text of a file, which the command line takes by its path."""
    request_name: str = ""
    """The field of a request, if it differs from the name."""
    name: str = ""
    default: Any = None
    value_type: type = str
    is_list: bool = False
    """Takes several values as well as a single value."""

    @property
    def field(self) -> str:
        """The name of the option in a request."""
        return self.request_name or self.name

    @property
    def max_length(self) -> int | None:
        """Maximum characters of a free text in a request; None for other options."""
        return self.max_text if self.value_type is str and not self.choices else None

    def check(self, value: object) -> None:
        """Validate a value, or each value of a tuple.

        Raises:
            OptionError: a value has the wrong type or is out of bounds.
        """
        values = value if isinstance(value, tuple) else (value,)
        if not values:
            raise OptionError(f"{self.name} is empty", "give at least one number", option=self.name)
        for single in values:
            if hint := self._correction(single):
                raise OptionError(f"{self.name} is {single!r}", hint, option=self.name)

    def _correction(self, value: object) -> str:
        """Advice on correcting a value; empty if the value is valid."""
        if self.value_type is bool:
            return "" if isinstance(value, bool) else "use True or False"
        if self.choices:
            return "" if value in self.choices else f"use one of {', '.join(self.choices)}"
        if self.bounds is None:
            return "" if self.value_type is not str or isinstance(value, str) else "use a string"
        low, high = self.bounds
        is_whole = isinstance(low, int)
        is_number = isinstance(value, int if is_whole else int | float)
        if is_number and not isinstance(value, bool) and low <= value <= high:  # type: ignore[operator]
            return ""
        return f"use a {'whole ' if is_whole else ''}number from {low:g} to {high:g}"


def option(default: Any, help: str, **declaration: Any) -> Any:
    """A dataclass field that carries the declaration of its option."""
    return field(default=default, metadata={"option": Option(help, **declaration)})


def declarations(options: Any, prefix: str = "") -> list[Option]:
    """The options of a dataclass (or of an instance), under their flat names."""
    return [_declaration(part, prefix) for part in fields(options) if "option" in part.metadata]


def validate(options: Any, prefix: str = "") -> None:
    """Check every option of a dataclass instance that differs from its default.

    Raises:
        OptionError: a value is invalid.
    """
    for part in fields(options):
        value = getattr(options, part.name)
        if "option" in part.metadata and value != part.default:
            _declaration(part, prefix).check(value)


def flat_name(prefix: str, name: str) -> str:
    """The flat name of a field: `vad_pad` for `pad` of `VadOptions`, and `vad` for `enabled`."""
    return "vad" if (prefix, name) == ("vad_", "enabled") else prefix + name


def _declaration(part: Field[Any], prefix: str) -> Option:
    declared: Option = part.metadata["option"]
    annotation = str(part.type).removesuffix(" | None")
    return replace(
        declared,
        name=flat_name(prefix, part.name),
        default=part.default,
        value_type=TYPES[annotation],
        is_list=annotation.startswith("tuple"),
    )

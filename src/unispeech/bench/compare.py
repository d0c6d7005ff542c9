"""Two results side by side, and conditions on the difference for a build to fail on."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unispeech.bench.configuration import Configuration
from unispeech.bench.results import FORMAT
from unispeech.errors import OptionError

MEASURES: dict[str, tuple[str, ...]] = {
    "wer": ("corpus", "wer"),
    "cer": ("corpus", "cer"),
    "lost": ("corpus", "lost"),
    "added": ("corpus", "added"),
    "speed": ("throughput", "median"),
    "ratio": ("ratio", "median"),
    "load": ("load", "median"),
    "first": ("first_segment", "median"),
    "memory": ("peak", "median"),
    "cpu": ("cpu_hours", "median"),
    "energy": ("joules", "median"),
    "word_start": ("words", "start"),
    "word_end": ("words", "end"),
    "failed": ("files_failed",),
}
"""What can be compared, and where it stands in a row of results.json."""

CONDITION = re.compile(r"\s*(\w+)\s*([<>])\s*([+-]?\d+(?:\.\d+)?)\s*(%?)\s*")


@dataclass(frozen=True, slots=True)
class Condition:
    """`wer>+0.3`: more than 0.3 above the old value; `speed<-10%`: more than a tenth below it;
    `wer>6`: above 6, whatever it was."""

    text: str
    measure: str
    above: bool
    amount: float
    relative: bool
    """To the old value: the number was written with a sign."""
    percent: bool

    @classmethod
    def of(cls, text: str) -> Condition:
        """
        Raises:
            OptionError: it is not a condition, or no such measure exists.
        """
        match = CONDITION.fullmatch(text)
        if match is None:
            raise OptionError(
                f"fail_if {text!r} is not a condition", "write wer>+0.3", option="fail_if"
            )
        measure, sign, number, percent = match.groups()
        if measure not in MEASURES:
            raise OptionError(
                f"fail_if {text!r}: there is no measure {measure!r}",
                f"use one of {', '.join(MEASURES)}",
                option="fail_if",
            )
        relative = number[0] in "+-"
        if percent and not relative:
            raise OptionError(
                f"fail_if {text!r}: a percentage needs a sign",
                "write speed<-10%",
                option="fail_if",
            )
        return cls(text, measure, sign == ">", float(number), relative, bool(percent))

    def applies(self, old: float | None, new: float | None) -> bool:
        """Whether the two have been measured, as far as they have to be."""
        return new is not None and not (self.relative and old is None)

    def broken_by(self, old: float | None, new: float | None) -> bool:
        """Whether the new value is one to fail on."""
        if new is None or not self.applies(old, new):
            return False
        limit = self.amount
        if self.relative:
            assert old is not None
            limit = old + (old * self.amount / 100 if self.percent else self.amount)
        return new > limit if self.above else new < limit


@dataclass(frozen=True, slots=True)
class Pair:
    """One configuration in both results."""

    name: str
    old: dict[str, Any]
    new: dict[str, Any]

    def values(self, measure: str) -> tuple[float | None, float | None]:
        return value(self.old, measure), value(self.new, measure)


def value(row: dict[str, Any], measure: str) -> float | None:
    """A measure of a row of results.json; None where it was not taken."""
    found: Any = row
    for name in MEASURES[measure]:
        found = (found or {}).get(name)
    return found if isinstance(found, int | float) else None


def read(path: Path) -> dict[str, Any]:
    """The results in a file, or in a benchmark's folder.

    Raises:
        OptionError: there are none that can be read.
    """
    path = path / "results.json" if path.is_dir() else path
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OptionError(f"{path}: {error.strerror}", "give the folder of a benchmark") from error
    except ValueError as error:
        raise OptionError(f"{path} is not JSON ({error})") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise OptionError(f"{path} is not the results of a benchmark of this version")
    return found


def pairs(old: dict[str, Any], new: dict[str, Any]) -> list[Pair]:
    """The configurations that both have, in the new one's order.

    Raises:
        OptionError: they have none in common.
    """
    before = {_key(row): row for row in old["rows"]}
    found = [
        Pair(Configuration(**row["configuration"]).name, before[_key(row)], row)
        for row in new["rows"]
        if _key(row) in before
    ]
    if not found:
        raise OptionError("the two results have no configuration in common")
    return found


def _key(row: dict[str, Any]) -> str:
    return Configuration(**row["configuration"]).key


def broken(found: Sequence[Pair], conditions: Sequence[Condition]) -> list[str]:
    """A line for every condition that a configuration breaks; one that fails now breaks all.

    Raises:
        OptionError: a condition is about what was measured in no configuration, so that it could
            never fail.
    """
    lines: list[str] = []
    for condition in conditions:
        working = [pair for pair in found if not pair.new["failed"]]
        told = [condition.applies(*pair.values(condition.measure)) for pair in working]
        if working and not any(told):
            raise OptionError(
                f"fail_if {condition.text!r}: {condition.measure} was not measured",
                "leave it out, or run both benchmarks so that they have it",
                option="fail_if",
            )
    for pair in found:
        if pair.new["failed"] and not pair.old["failed"] and conditions:
            lines.append(f"{pair.name}: fails now: {pair.new['failed']}")
            continue
        for condition in conditions:
            old, new = pair.values(condition.measure)
            if old is not None and new is None:
                lines.append(f"{pair.name}: {condition.text}: it is not measured any more")
            elif condition.broken_by(old, new):
                was = "" if old is None else f" (it was {old:g})"
                lines.append(f"{pair.name}: {condition.text}: it is {new:g}{was}")
    return lines


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Why the two may not be comparable."""
    was, is_now = (
        {_key(row): Configuration(**row["configuration"]).name for row in results["rows"]}
        for results in (old, new)
    )
    lines = [f"only in the old results: {was[key]}" for key in was if key not in is_now]
    lines += [f"only in the new results: {is_now[key]}" for key in is_now if key not in was]
    for name, label in (
        ("audio_seconds", "different audio"),
        ("processor", "different processors"),
        ("cores", "different numbers of cores"),
    ):
        before, after = old["facts"].get(name), new["facts"].get(name)
        if before != after:
            lines.append(f"{label}: {before} and {after}")
    return lines


SHOWN = (("wer", "WER %", 2), ("lost", "lost", 0), ("added", "added", 0), ("speed", "speed", 1),
         ("ratio", "ratio", 2), ("memory", "memory MB", 0), ("first", "first s", 2))  # fmt: skip
"""What is looked at first: a measure, its heading, and its digits after the point."""


def changes(pair: Pair) -> list[str]:
    """Old → new and the change, of each measure in `SHOWN`."""
    return [_change(pair, measure, digits) for measure, _, digits in SHOWN]


def _change(pair: Pair, measure: str, digits: int) -> str:
    scale = 1e6 if measure == "memory" else 1
    old, new = (None if v is None else v / scale for v in pair.values(measure))
    if old is None or new is None:
        return "" if new is None else f"{new:,.{digits}f}"
    return f"{old:,.{digits}f} → {new:,.{digits}f} ({new - old:+,.{digits}f})"

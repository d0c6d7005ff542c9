"""The changes between two benchmarks, and conditions on them that fail a build."""

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
"""The measures that can be compared, and their path in a row of results.json."""

CONDITION = re.compile(r"\s*(\w+)\s*([<>])\s*([+-]?\d+(?:\.\d+)?)\s*(%?)\s*")


@dataclass(frozen=True, slots=True)
class Condition:
    """A limit on a measure.

    `wer>+0.3`: more than 0.3 above the old value. `speed<-10%`: more than 10 % below the old value.
    `wer>6`: above 6, whatever the old value.
    """

    text: str
    measure: str
    above: bool
    amount: float
    relative: bool
    """True if the amount is relative to the old value: it was written with a sign."""
    percent: bool

    @classmethod
    def of(cls, text: str) -> Condition:
        """Parse a condition.

        Raises:
            OptionError: the text is not a condition, or there is no such measure.
        """
        match = CONDITION.fullmatch(text)
        if match is None:
            raise OptionError(
                f"fail_if {text!r} is not a condition", "write it like wer>+0.3", option="fail_if"
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
        """Return True if the values that the condition needs were measured."""
        return new is not None and not (self.relative and old is None)

    def violated_by(self, old: float | None, new: float | None) -> bool:
        """Return True if the condition to fail on holds."""
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
    """Return a measure of a row of results.json; None if it was not measured."""
    node: Any = row
    for name in MEASURES[measure]:
        node = (node or {}).get(name)
    return node if isinstance(node, int | float) else None


def read(path: Path) -> dict[str, Any]:
    """Read results.json, by its path or its folder.

    Raises:
        OptionError: there is no such file, or its content is something else.
    """
    path = path / "results.json" if path.is_dir() else path
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OptionError(f"{path}: {error.strerror}", "give the folder of a benchmark") from error
    except ValueError as error:
        raise OptionError(f"{path} is not JSON ({error})") from error
    if not isinstance(results, dict) or results.get("format") != FORMAT:
        raise OptionError(f"{path} is not the results of a benchmark of this version")
    return results


def pairs(old: dict[str, Any], new: dict[str, Any]) -> list[Pair]:
    """Return the configurations that both results have, in the order of the new ones.

    Raises:
        OptionError: they have none in common.
    """
    before = {_key(row): row for row in old["rows"]}
    common = [
        Pair(Configuration(**row["configuration"]).name, before[_key(row)], row)
        for row in new["rows"]
        if _key(row) in before
    ]
    if not common:
        raise OptionError("the two results have no configuration in common")
    return common


def _key(row: dict[str, Any]) -> str:
    return Configuration(**row["configuration"]).key


def violations(common: Sequence[Pair], conditions: Sequence[Condition]) -> list[str]:
    """Return a line for each condition that holds in a configuration.

    A configuration that fails now, and did not before, is a line of its own.

    Raises:
        OptionError: a condition needs a measure that no configuration has, so it could never hold.
    """
    lines: list[str] = []
    for condition in conditions:
        working = [pair for pair in common if not pair.new["failed"]]
        applicable = [condition.applies(*pair.values(condition.measure)) for pair in working]
        if working and not any(applicable):
            raise OptionError(
                f"fail_if {condition.text!r}: {condition.measure} was not measured",
                "leave the condition out, or run both benchmarks so that they measure it",
                option="fail_if",
            )
    for pair in common:
        if pair.new["failed"] and not pair.old["failed"] and conditions:
            lines.append(f"{pair.name}: fails now: {pair.new['failed']}")
            continue
        for condition in conditions:
            old, new = pair.values(condition.measure)
            if old is not None and new is None:
                lines.append(f"{pair.name}: {condition.text}: not measured any more")
            elif condition.violated_by(old, new):
                before = "" if old is None else f", before {old:g}"
                lines.append(f"{pair.name}: {condition.text}: now {new:g}{before}")
    return lines


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Return reasons why two results may not be comparable, one line each."""
    old_names, new_names = (
        {_key(row): Configuration(**row["configuration"]).name for row in results["rows"]}
        for results in (old, new)
    )
    lines = [
        f"only in the old results: {old_names[key]}" for key in old_names if key not in new_names
    ]
    lines += [
        f"only in the new results: {new_names[key]}" for key in new_names if key not in old_names
    ]
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
"""The columns of the comparison: measure, heading, digits after the point."""


def changes(pair: Pair) -> list[str]:
    """Format the old and new value and the change of each measure in `SHOWN`."""
    return [_change(pair, measure, digits) for measure, _, digits in SHOWN]


def _change(pair: Pair, measure: str, digits: int) -> str:
    scale = 1e6 if measure == "memory" else 1
    old, new = (None if v is None else v / scale for v in pair.values(measure))
    if old is None or new is None:
        return "" if new is None else f"{new:,.{digits}f}"
    return f"{old:,.{digits}f} → {new:,.{digits}f} ({new - old:+,.{digits}f})"

"""Results as a Markdown table, for a README or a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Raw = dict[str, Any]
"""What results.json holds; see `Results.raw`."""


def lines(found: Sequence[Raw]) -> Iterator[str]:
    """The rows of all results in one table, then for each what it holds for."""
    sets = list(dict.fromkeys(n for r in found for row in r["rows"] for n in row["sets"])) or [""]
    heading = ["backend", "model"]
    for name in sets:
        heading += [f"WER % {name}".strip(), f"speed {name}".strip()]
    heading.append("memory MB")
    yield _line(heading)
    yield _line(["---", "---", *["---:"] * (len(heading) - 2)])
    for results in found:
        for row in results["rows"]:
            yield _line(_row(row, sets, len(heading)))
    for results in found:
        yield ""
        yield from _caption(results)


def _row(row: Raw, sets: Sequence[str], width: int) -> list[str]:
    one = row["configuration"]
    cells = [f"`{one['backend']}`{_kind(one)}", f"`{one['model']}`"]
    if row["failed"]:
        return [*cells, row["failed"], *[""] * (width - 3)]
    for name in sets:
        part = row["sets"].get(name) if name else row
        cells += _part(part) if part else ["", ""]
    return [*cells, f"{row['peak']['median'] / 1e6:,.0f}"]


def _kind(one: Raw) -> str:
    given = [one["compute_type"] if one["compute_type"] != "default" else ""]
    given.append(one["strategy"] if one["strategy"] != "batched" else "")
    return "".join(f" {word}" for word in given if word)


def _part(part: Raw) -> list[str]:
    """Word error rate; times real time, and in brackets as a ratio to the baseline."""
    rate = part["corpus"] and part["corpus"]["wer"]
    speed, ratio = part["throughput"], part["ratio"]
    said = f"{speed['median']:.1f}" if speed else ""
    return [
        "" if rate is None else f"{rate:.2f}",
        f"{said} ({ratio['median']:.2f}x)" if ratio else said,
    ]


def _caption(results: Raw) -> Iterator[str]:
    facts = results["facts"]
    yield (
        f"{facts['recordings']} recordings, {facts['audio_seconds'] / 60:.1f} minutes; "
        f"{facts['processor']}, {facts['cores']} cores; {facts['repeats']} rounds, "
        f"{facts['took'] / 60:.0f} minutes in all; {facts['date'].split()[0]}, "
        f"{facts['commit'] or facts['unispeech']}."
    )
    same = f"; all: {results['common']}" if results["common"] else ""
    yield (
        f"Speed is in times real time, in brackets beside {results['baseline']} with the same "
        f"model{same}."
    )


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

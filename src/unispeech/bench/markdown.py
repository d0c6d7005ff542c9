"""Results as a Markdown table, for a README or a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Raw = dict[str, Any]
"""The content of results.json; see `Results.raw`."""


def lines(benchmarks: Sequence[Raw]) -> Iterator[str]:
    """Yield one table with the rows of all benchmarks, then a caption for each benchmark."""
    sets = list(dict.fromkeys(n for r in benchmarks for row in r["rows"] for n in row["sets"])) or [
        ""
    ]
    heading = ["backend", "model"]
    for name in sets:
        heading += [f"WER % {name}".strip(), f"speed {name}".strip()]
    heading.append("memory MB")
    yield _line(heading)
    yield _line(["---", "---", *["---:"] * (len(heading) - 2)])
    for results in benchmarks:
        for row in results["rows"]:
            yield _line(_row(row, sets, len(heading)))
    for results in benchmarks:
        yield ""
        yield from _caption(results)


def _row(row: Raw, sets: Sequence[str], width: int) -> list[str]:
    run = row["configuration"]
    cells = [f"`{run['backend']}`{_variant(run)}", f"`{run['model']}`"]
    if row["failed"]:
        return [*cells, row["failed"], *[""] * (width - 3)]
    for name in sets:
        part = row["sets"].get(name) if name else row
        cells += _part(part) if part else ["", ""]
    return [*cells, f"{row['peak']['median'] / 1e6:,.0f}"]


def _variant(run: Raw) -> str:
    """The options that are not the default, each with a space before it."""
    defaults = {"compute_type": "default", "strategy": "batched"}
    return "".join(f" {run[name]}" for name, default in defaults.items() if run[name] != default)


def _part(part: Raw) -> list[str]:
    """The cells of a dataset: word error rate, and speed with its ratio to the baseline."""
    rate = part["corpus"] and part["corpus"]["wer"]
    speed, ratio = part["throughput"], part["ratio"]
    speed_text = f"{speed['median']:.1f}" if speed else ""
    return [
        "" if rate is None else f"{rate:.2f}",
        f"{speed_text} ({ratio['median']:.2f}x)" if ratio else speed_text,
    ]


def _caption(results: Raw) -> Iterator[str]:
    facts = results["facts"]
    yield (
        f"{facts['recordings']} recordings, {facts['audio_seconds'] / 60:.1f} minutes; "
        f"{facts['processor']}, {facts['cores']} cores; {facts['repeats']} rounds, "
        f"{facts['took'] / 60:.0f} minutes in total; {facts['date'].split()[0]}, "
        f"{facts['commit'] or facts['unispeech']}."
    )
    common = f"; all: {results['common']}" if results["common"] else ""
    yield (
        f"Speed: times real time, in brackets relative to {results['baseline']} with the same "
        f"model{common}."
    )


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

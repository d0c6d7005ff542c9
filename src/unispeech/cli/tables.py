"""Tables on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Container, Iterable, Mapping, Sequence

Cell = str | Sequence[str | tuple[str, str]]
"""Plain text, or parts of text, each alone or with its style."""


def show(
    headings: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    right: Container[str] = (),
    unbroken: Container[str] = (),
    widths: Mapping[str, int] | None = None,
    width: int | None = None,
    header: bool = True,
) -> None:
    """Print a table. Columns in `right` are aligned right, those in `unbroken` do not wrap.

    `widths` are minimum widths by heading.

    `width` applies if stdout is not a terminal; without it the table has `COLUMNS`, or 80.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, show_header=header)
    for heading in headings:
        table.add_column(
            heading,
            justify="right" if heading in right else "left",
            no_wrap=heading in unbroken,
            min_width=(widths or {}).get(heading),
            overflow="ellipsis" if heading in unbroken else "fold",
        )
    for row in rows:
        table.add_row(
            *[Text.assemble(*([cell] if isinstance(cell, str) else cell)) for cell in row]
        )
    Console(width=None if sys.stdout.isatty() else width).print(table)


def symbol(character: str, substitute: str) -> str:
    """Return the character, or its substitute if stdout's encoding lacks it."""
    try:
        character.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return substitute
    return character


def size(megabytes: float) -> str:
    """A size of 10^6 bytes each, with its unit."""
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"

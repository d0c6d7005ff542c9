"""Tables on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Container, Iterable, Sequence

Cell = str | Sequence[str | tuple[str, str]]
"""Plain text, or parts of it, of which some are pairs of a text and its style."""


def show(
    headings: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    right: Container[str] = (),
    unbroken: Container[str] = (),
    width: int | None = None,
) -> None:
    """Print a table with the columns of `right` to the right, and without breaks in `unbroken`.

    `width` is for output that is not a terminal.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(
            heading,
            justify="right" if heading in right else "left",
            no_wrap=heading in unbroken,
            overflow="ellipsis" if heading in unbroken else "fold",
        )
    for row in rows:
        table.add_row(
            *[Text.assemble(*([cell] if isinstance(cell, str) else cell)) for cell in row]
        )
    Console(width=None if sys.stdout.isatty() else width).print(table)

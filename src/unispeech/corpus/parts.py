"""Parts of the output: files with the records of some rows, and with the errors of others.

    out/batch.json                          the settings of the run
    out/parts/00001-of-00008-000000000-000000999.jsonl
    out/errors/00001-of-00008-000000000-000000999.jsonl

A part holds the results of the rows of a shard from one number to another, both included. The
errors of these rows are written before it: the rows are done when the part is there.
"""

from __future__ import annotations

import io
import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unispeech.corpus import schema
from unispeech.corpus.rows import Row, Shard
from unispeech.errors import OptionError
from unispeech.system.files import acquire, write_whole

SETTINGS = "batch.json"
_NAME = re.compile(r"(\d{5})-of-(\d{5})-(\d{9,})-(\d{9,})")

Record = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """A written part: the rows of its shard from `first` to `last`."""

    first: int
    last: int
    path: Path


class Output:
    """The folder of a run, as one shard sees it. One process writes a shard."""

    def __init__(self, folder: Path, shard: Shard, form: str) -> None:
        self.folder = folder
        self.shard = shard
        self.form = form
        self._parts: list[Part] = []

    def look(self, settings: dict[str, Any]) -> bool:
        """Find the parts of earlier runs, and return whether there was one. Writes nothing.

        Raises:
            OptionError: an earlier run had other settings.
        """
        path = self.folder / SETTINGS
        self._list()
        if not path.exists():
            return False
        try:
            earlier = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise OptionError(f"{path}: damaged ({error})", "give another folder") from error
        _compare(self.folder, earlier, json.loads(json.dumps(settings)))
        return True

    @contextmanager
    def opened(self, settings: dict[str, Any]) -> Iterator[None]:
        """Create the folder, find the parts of earlier runs, and keep other processes out.

        Raises:
            OptionError: an earlier run had other settings, or another process writes this shard.
            OSError: the folder cannot be written.
        """
        for name in ("parts", "errors"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        with acquire(self.folder / ".settings.lock", lambda: None):
            if not self.look(settings):
                lines = json.dumps(settings, ensure_ascii=False, indent=2)
                write_whole(self.folder / SETTINGS, f"{lines}\n")
        with acquire(self.folder / f".{self._prefix}lock", self._refuse):
            self._list()
            self._drop_orphans()
            yield

    def _refuse(self) -> None:
        raise OptionError(
            f"{self.folder}: another process writes shard {self.shard.index}/{self.shard.count}",
            "wait for it, or take another shard",
        )

    def _drop_orphans(self) -> None:
        """Delete tables of errors whose part was not written."""
        for path in (self.folder / "errors").glob(f"{self._prefix}*"):
            if not (self.folder / "parts" / path.name).exists():
                path.unlink()

    def drop_failed(self) -> int:
        """Forget the parts with failed rows, so that they are decoded again. Returns how many."""
        failed = [part for part in self._parts if self._errors(part).exists()]
        for part in failed:
            part.path.unlink()
            self._errors(part).unlink()
        self._list()
        return len(failed)

    def undone(self, rows: Iterator[Row]) -> Iterator[Row]:
        """The rows of the shard that no part has.

        Raises:
            OptionError: the manifest has other rows than those of the parts.
        """
        firsts = [part.first for part in self._parts]
        for row in rows:
            if not self.shard.has(row.number):
                continue
            place = bisect_right(firsts, row.number) - 1
            if place < 0 or row.number > self._parts[place].last:
                yield row
            elif row.number == firsts[place]:
                self._check(self._parts[place], row)

    def write(self, first: int, last: int, records: list[Record], errors: list[Record]) -> None:
        """Write the rows from `first` to `last`. Raises `OSError`."""
        name = f"{self._prefix}{first:09d}-{last:09d}.{self.form}"
        if errors:
            write_whole(self.folder / "errors" / name, _content(errors, schema.ERRORS, self.form))
        path = self.folder / "parts" / name
        write_whole(path, _content(records, schema.RECORDS, self.form))

    def done(self) -> int:
        """The number of rows in the parts that were there at the start."""
        count = self.shard.count
        return sum((part.last - part.first) // count + 1 for part in self._parts)

    def failed(self) -> int:
        """The number of failed rows in the parts that were there at the start."""
        return sum(sum(1 for _ in records(self._errors(part))) for part in self._parts)

    @property
    def _prefix(self) -> str:
        return f"{self.shard.index:05d}-of-{self.shard.count:05d}-"

    def _list(self) -> None:
        self._parts = sorted(
            Part(int(match[3]), int(match[4]), path)
            for path in (self.folder / "parts").glob(f"{self._prefix}*.{self.form}")
            if (match := _NAME.fullmatch(path.stem))
        )

    def _errors(self, part: Part) -> Path:
        return self.folder / "errors" / part.path.name

    def _check(self, part: Part, row: Row) -> None:
        """Raises `OptionError` if the first row of a part is another recording now."""
        both = (records(part.path), records(self._errors(part)))
        found = next((r for source in both for r in source if r["row"] == row.number), None)
        if found is not None and (found["audio"], found["start"]) != (row.audio, row.start):
            raise OptionError(
                f"{self.folder}: row {row.number} was {found['audio']} and is {row.audio} now",
                "give another folder: rows may be added to a manifest, not moved",
            )


def records(path: Path) -> Iterator[Record]:
    """The records of a part or of a table of errors; none if there is no such file."""
    if not path.exists():
        return
    if path.suffix == ".jsonl":
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)
    else:
        import pyarrow.parquet

        yield from pyarrow.parquet.read_table(path).to_pylist()


def _content(rows: Sequence[Record], columns: schema.Columns, form: str) -> bytes:
    if form == "jsonl":
        lines = (json.dumps(row, ensure_ascii=False) for row in rows)
        return "".join(f"{line}\n" for line in lines).encode(errors="surrogateescape")
    import pyarrow.parquet

    buffer = io.BytesIO()
    table = pyarrow.Table.from_pylist(list(rows), schema.arrow(columns))
    pyarrow.parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _compare(folder: Path, earlier: dict[str, Any], now: dict[str, Any]) -> None:
    for name in (name for name in earlier if name in now and name not in ("manifest", "version")):
        if earlier[name] != now[name]:
            raise OptionError(
                f"{folder}: made with {name} {earlier[name]!r}, not {now[name]!r}",
                "use the settings in batch.json, or give another folder",
            )

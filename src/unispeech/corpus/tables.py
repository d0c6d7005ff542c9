"""Manifests that are tables: NeMo's JSON lines, Lhotse's cuts, CSV and Parquet.

NeMo: docs.nvidia.com/nemo-framework, "Dataset format". Lhotse: lhotse.readthedocs.io, "Cuts".
"""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any

from unispeech.corpus.rows import Row
from unispeech.errors import OptionError

AUDIO = ("audio_filepath", "audio", "path", "file", "filename", "file_name", "wav", "url")
"""Names of the column with the recording, the first that is there."""
ID = ("id", "utt_id", "utterance_id", "key", "uid")
LANGUAGE = ("language", "lang", "source_lang", "locale")
COMPRESSED = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd"}
AT_ONCE = 64
"""Rows of a Parquet file in memory at a time; they may hold the sound itself."""

Records = Iterator[Mapping[str, Any] | str]
"""The fields of each line, or the reason why a line has none."""


def form(argument: str) -> str:
    """The suffix of a manifest, without that of its compression."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(argument).suffixes[-2:]]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def check(argument: str) -> None:
    """Raises `OptionError` if the manifest is not there."""
    if "://" not in argument and not Path(argument).is_file():
        raise OptionError(f"{argument}: there is no such manifest", "check its path")


@dataclass(frozen=True, slots=True)
class Table:
    """A file with a row per recording. A relative path in it starts at the file's folder."""

    path: str
    read: Callable[[str], Records]

    def rows(self) -> Iterator[Row]:
        for number, fields in enumerate(self.read(self.path)):
            if isinstance(fields, str):
                yield Row(number, self.path, problem=fields)
                continue
            try:
                yield located(row(number, fields), self.path)
            except (ValueError, TypeError, LookupError, AttributeError) as error:
                yield Row(number, self.path, problem=f"row {number + 1}: {error}")

    def count(self) -> int:
        return sum(1 for _ in self.read(self.path))


def row(number: int, fields: Mapping[str, Any]) -> Row:
    """A row from the fields of its line.

    Raises:
        ValueError: there is no recording in it, or a time is no number.
    """
    if "recording" in fields or "tracks" in fields:
        return _cut(number, fields)
    audio = _first(fields, AUDIO)
    if audio is None or audio == "":
        raise ValueError(f"no recording; name one in a column {AUDIO[0]!r} or 'path'")
    offset, duration = _number(fields, "offset"), _number(fields, "duration")
    part = Row(
        number,
        "",
        str(_first(fields, ID) or ""),
        offset or 0.0,
        None if offset is None or duration is None else offset + duration,
        str(_first(fields, LANGUAGE) or "") or None,
        duration,
    )
    if isinstance(audio, Mapping):  # a Hugging Face dataset's: a path, the bytes or both
        sound = audio.get("bytes")
        name = str(audio.get("path") or part.id or f"row {number + 1}")
        if sound is not None:
            return replace(part, audio=name, content=lambda: bytes(sound))
        return replace(part, audio=name)
    return replace(part, audio=str(audio))


def _cut(number: int, cut: Mapping[str, Any]) -> Row:
    """A row from a cut of Lhotse: a span of one channel or of all channels of a recording."""
    if "recording" not in cut:
        raise ValueError("a mixed cut has several recordings; give cuts of one each")
    recording = cut["recording"]
    source = recording["sources"][0]
    if source["type"] not in ("file", "url"):
        raise ValueError(
            f"the source of the cut is of the type {source['type']!r}, not file or url"
        )
    start, length = float(cut["start"]), float(cut["duration"])
    is_whole = start == 0 and abs(length - float(recording.get("duration", -1))) < 0.001
    spoken = {part.get("language") for part in cut.get("supervisions") or ()}
    return Row(
        number,
        source["source"],
        str(cut.get("id", "")),
        start,
        None if is_whole else start + length,
        spoken.pop() if len(spoken) == 1 else None,
        length,
    )


def located(row: Row, manifest: str) -> Row:
    """The row with its recording's path from here, if it is relative to the manifest's folder."""
    if row.content or "://" in row.audio or PurePosixPath(row.audio).is_absolute():
        return row
    if "://" in manifest:
        return replace(row, audio=f"{manifest.rpartition('/')[0]}/{row.audio}")
    beside = Path(manifest).parent / row.audio
    if not beside.exists() and Path(row.audio).exists():
        return row
    return replace(row, audio=str(beside))


def _first(fields: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((fields[name] for name in names if fields.get(name) is not None), None)


def _number(fields: Mapping[str, Any], name: str) -> float | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {value!r}, not seconds") from None
    if not 0 <= number < float("inf"):
        raise ValueError(f"{name} is {value!r}, not seconds")
    return number


def _json_lines(path: str) -> Records:
    with reading(path) as file:
        lines = iter(file)
        first = next(lines, b"")
        if first.lstrip().startswith(b"["):  # an array instead of lines
            yield from _array(path, first + file.read())
            return
        for number, line in enumerate(itertools.chain([first] if first else [], lines), 1):
            try:
                fields = json.loads(line)
                yield fields if isinstance(fields, dict) else f"line {number}: not a JSON object"
            except ValueError as error:
                yield f"line {number}: not JSON ({error})"


def _array(path: str, text: bytes) -> Records:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise OptionError(f"{path}: not JSON ({error})", "give an object per line") from error
    for number, fields in enumerate(found, 1):
        yield fields if isinstance(fields, dict) else f"element {number}: not a JSON object"


def _csv(delimiter: str) -> Callable[[str], Records]:
    def read(path: str) -> Records:
        with reading(path) as file:
            text = io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="")
            lines = csv.DictReader(text, delimiter=delimiter)
            if not set(lines.fieldnames or ()) & set(AUDIO):
                raise OptionError(
                    f"{path}: no column with recordings; its columns are "
                    f"{', '.join(lines.fieldnames or ()) or 'none'}",
                    f"name one of them {AUDIO[0]} or path",
                )
            yield from lines

    return read


def _parquet(path: str) -> Records:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise OptionError(
            f"{path}: Parquet needs pyarrow", "pip install 'unispeech[batch]'"
        ) from error
    with reading(path) as file:
        try:
            batches = pyarrow.parquet.ParquetFile(file).iter_batches(AT_ONCE)
            yield from itertools.chain.from_iterable(batch.to_pylist() for batch in batches)
        except pyarrow.ArrowException as error:
            raise OptionError(f"{path}: not a Parquet file ({error})") from error


READERS: Mapping[str, Callable[[str], Records]] = {
    ".jsonl": _json_lines,
    ".json": _json_lines,
    ".ndjson": _json_lines,
    ".csv": _csv(","),
    ".tsv": _csv("\t"),
    ".parquet": _parquet,
}


@contextmanager
def reading(path: str) -> Iterator[IO[bytes]]:
    """Open a file here or at a URL, decompressed.

    Raises:
        OptionError: it cannot be read.
    """
    import fsspec

    compression = COMPRESSED.get(PurePosixPath(path).suffix.lower())
    try:
        with fsspec.open(path, "rb", compression=compression) as file:
            yield file
    except OptionError:
        raise
    except Exception as error:  # fsspec raises the errors of many libraries
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise OptionError(f"{path}: the manifest cannot be read ({reason})") from error

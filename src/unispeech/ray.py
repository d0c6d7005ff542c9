"""Transcription in a pipeline of Ray Data.

    import ray
    from unispeech.ray import Transcribe

    talks = ray.data.from_items([{"audio": "s3://talks/1.mp3"}, {"audio": "s3://talks/2.mp3"}])
    texts = talks.map_batches(
        Transcribe, fn_constructor_kwargs={"model": "base"}, concurrency=4, num_cpus=2,
        batch_size=64,
    )

An actor has one engine, and the rows of a batch share its batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from unispeech.corpus import schema, tables
from unispeech.corpus.rows import Row
from unispeech.corpus.run import results
from unispeech.engine.engine import Engine
from unispeech.errors import UnispeechError
from unispeech.options import EngineOptions

if TYPE_CHECKING:
    import numpy as np
    import pyarrow


class Transcribe:
    """A callable for `map_batches`, which adds the transcript of each row.

    A row names its recording as a manifest of `unispeech batch` does: a column `audio` (or `path`,
    ...) with a path, a URL or the bytes, and optionally `offset`, `duration` and `language`. The
    new columns are those of `corpus.schema.RECORDS` but `row`, `id`, `audio` and `start`, and
    `error`: the reason why a row failed, else null. They replace columns of the same name.

    Takes the arguments of `Engine`.
    """

    def __init__(
        self,
        backend: str = "faster",
        model: str | None = None,
        **options: Unpack[EngineOptions],
    ) -> None:
        self.engine = Engine(backend, model, **options)

    def __call__(self, batch: Mapping[str, np.ndarray[Any, Any]]) -> pyarrow.Table:
        """Transcribe a batch of rows, given as a numpy array for each column."""
        import pyarrow

        names = list(batch)
        rows = [
            _row(number, dict(zip(names, values, strict=True)))
            for number, values in enumerate(zip(*batch.values(), strict=True))
        ]
        records = [
            {"error": str(result)}
            if isinstance(result, UnispeechError)
            else schema.record(row, result, seconds)
            for row, result, seconds in results(self.engine, rows)
        ]
        kept = schema.arrow({**schema.RECORDS, "error": "string"})
        added = [field for field in kept if field.name not in ("row", "id", "audio", "start")]
        columns = {name: pyarrow.array(list(values)) for name, values in batch.items()}
        for field in added:
            values = [record.get(field.name) for record in records]
            columns[field.name] = pyarrow.array(values, field.type)
        return pyarrow.table(columns)


def _row(number: int, fields: Mapping[str, Any]) -> Row:
    try:
        return tables.row(number, fields)
    except ValueError as error:
        return Row(number, "", problem=str(error))

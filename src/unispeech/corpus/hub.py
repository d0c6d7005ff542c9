"""Datasets of the Hugging Face Hub, through the library `datasets`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from unispeech.corpus import tables
from unispeech.corpus.rows import Row
from unispeech.errors import OptionError

PREFIX = "hf:"


@dataclass(frozen=True, slots=True)
class Dataset:
    """`hf:OWNER/DATASET[:CONFIG[:SPLIT]]`, or the folder of a downloaded one. Read as a stream.

    The default split is `train`. The language is that of a column, if there is one.
    """

    argument: str

    def rows(self) -> Iterator[Row]:
        dataset, column = self._opened()
        try:
            for number, fields in enumerate(dataset):
                yield tables.row(number, {**fields, "audio": fields[column]})
        except OptionError:
            raise
        except Exception as error:  # a dataset may have code of its own
            raise OptionError(f"{self.argument}: {error}") from error

    def count(self) -> None:
        return None

    def _opened(self) -> tuple[Any, str]:
        """The dataset as a stream, and its column of sound."""
        path, _, rest = self.argument.removeprefix(PREFIX).partition(":")
        config, _, split = rest.partition(":")
        if find_spec("datasets") is None:
            raise OptionError(
                f"{self.argument}: datasets of the Hub need `datasets`", "pip install datasets"
            )
        import datasets

        try:
            if (Path(path) / "dataset_info.json").exists():
                dataset = datasets.load_from_disk(path)
            else:
                dataset = datasets.load_dataset(
                    path, config or None, split=split or "train", streaming=True
                )
            features = dataset.features or {}
        except Exception as error:  # a dataset may have code of its own
            raise OptionError(
                f"{self.argument}: {error}", "give hf:OWNER/DATASET:CONFIG:SPLIT"
            ) from error
        column = next((n for n, kind in features.items() if isinstance(kind, datasets.Audio)), None)
        if column is None:
            raise OptionError(f"{self.argument}: no column holds sound")
        # As bytes: `datasets` needs torch to decode.
        return dataset.cast_column(column, datasets.Audio(decode=False)), column

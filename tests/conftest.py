"""What the tests share: the samples with their texts, and engines that are loaded once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from unispeech.engine import Engine

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"
DATA = os.environ.get("UNISPEECH_TEST_DATA")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of development recordings; visibly skipped where there is none."""
    if not DATA:
        pytest.skip("UNISPEECH_TEST_DATA is not set")
    return Path(DATA)


def words(text: str) -> list[str]:
    """Lower case, without punctuation: what has to agree between a text and its reference."""
    kept = "".join(c if c.isalnum() or c in " '" else " " for c in text.lower())
    return kept.split()


def reference(sample: str) -> str:
    return (SAMPLES / f"{sample}.txt").read_text(encoding="utf-8").strip()


@pytest.fixture(scope="session")
def engine() -> Iterator[Callable[..., Engine]]:
    """`engine(backend, model, **options)`; equal ones are loaded once in the whole run."""
    loaded: dict[str, Engine] = {}

    def get(backend: str = "faster", model: str = "tiny.en", **options: object) -> Engine:
        key = repr((backend, model, sorted(options.items())))
        if key not in loaded:
            loaded[key] = Engine(backend, model, **options)  # type: ignore[arg-type]
        return loaded[key]

    yield get
    for one in loaded.values():
        one.close()

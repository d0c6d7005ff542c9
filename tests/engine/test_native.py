"""The strategy `native` gives the same text as the library called directly."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

import native
from unispeech.audio.recording import load
from unispeech.backends import registry
from unispeech.engine.engine import Engine
from unispeech.models import store
from unispeech.types import SAMPLE_RATE

pytestmark = pytest.mark.slow

EXCERPTS = (("1221-135767", 0), ("1320-122617", 60), ("1580-141083", 30))
"""Chapter and start in seconds; 90 seconds each. `benchmarks/native.py` compares whole files."""
MODEL = "tiny.en"


@pytest.mark.parametrize("excerpt", EXCERPTS, ids=lambda excerpt: str(excerpt[0]))
@pytest.mark.parametrize("backend", native.LIBRARIES)
@pytest.mark.filterwarnings("ignore")
def test_the_native_strategy_matches_the_library(
    backend: str, excerpt: tuple[str, int], data: Path, engine: Callable[..., Engine]
) -> None:
    spec = registry.find(backend)
    if not all(map(find_spec, spec.requires)):
        pytest.skip(f"{spec.name} is not installed: {spec.install_command}")
    name, second = excerpt
    start = second * SAMPLE_RATE
    samples = load(data / "longform" / f"{name}.flac")[start : start + 90 * SAMPLE_RATE]
    theirs = native.LIBRARIES[backend](store.obtain(MODEL, spec.model_format), samples)
    ours = native.native(engine(backend, MODEL), samples)
    assert len(" ".join(ours).split()) > 100
    assert ours == theirs

"""Live sessions with every backend."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import jiwer
import numpy as np
import pytest

from support.samples import CHECKPOINT, SAMPLES, reference, words
from unispeech.audio.recording import load
from unispeech.backends import registry
from unispeech.engine.engine import Engine
from unispeech.errors import BackendMissing
from unispeech.options import LoadOptions
from unispeech.realtime.events import Event
from unispeech.types import SAMPLE_RATE

Get = Callable[..., Engine]

REQUIRE_ALL = os.environ.get("UNISPEECH_REQUIRE_ALL") == "1"
WHISPER = [
    pytest.param(spec.name, marks=pytest.mark.soak if spec.name == "mlx" else ())
    for spec in registry.BUILT_IN
    if spec.family == "whisper"
]
"""On Linux, MLX needs 20 s for each of the twenty decodings."""
PIECE = 0.5
"""Seconds of sound fed at a time."""


def transcribe_live(engine: Engine, samples: np.ndarray, **options: Any) -> list[Event]:
    """Return the events of samples that arrive as fast as they are decoded."""
    session = engine.listen(**options)
    events: list[Event] = []
    size = int(PIECE * SAMPLE_RATE)
    for start in range(0, len(samples), size):
        events += session.feed(samples[start : start + size])
    return [*events, *session.finish()]


def check(events: list[Event]) -> str:
    """Check the invariants of the events and return their text."""
    finals = [event for event in events if event.type == "final"]
    text = "".join(event.text for event in finals)
    assert text == "".join(event.text for event in events if event.type == "endpoint")
    times = [time for event in finals for word in event.words for time in (word.start, word.end)]
    assert times and times == sorted(times)
    assert all(event.text == "".join(w.word for w in event.words) for event in finals)
    assert any(event.type == "partial" for event in events)
    return text


@pytest.mark.slow
@pytest.mark.parametrize("backend", WHISPER)
def test_every_whisper_backend_transcribes_live(engine: Get, backend: str) -> None:
    try:
        registry.interpreter(registry.find(backend), LoadOptions())
    except BackendMissing as error:
        if REQUIRE_ALL:
            pytest.fail(str(error))
        pytest.skip(str(error))
    events = transcribe_live(engine(backend, "tiny.en"), load(SAMPLES / "pause.wav"), beam_size=1)
    assert words(check(events)) == words(reference("pause"))
    assert [event.type for event in events].count("endpoint") == 2


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "language"), [("mms", "eng"), ("mms", "rus")])
def test_mms_transcribes_live(engine: Get, backend: str, language: str) -> None:
    pytest.importorskip("transformers")
    texts = json.loads((CHECKPOINT / "clips" / "texts.json").read_text(encoding="utf-8"))
    names = [name for name in texts if name.startswith(language)][:6]
    pause = np.zeros(SAMPLE_RATE, np.float32)
    sound = [piece for name in names for piece in (load(CHECKPOINT / "clips" / name), pause)]
    loaded = engine(backend, str(CHECKPOINT / "model"))
    text = check(transcribe_live(loaded, np.concatenate(sound), language=language))
    expected = " ".join(texts[name] for name in names)
    assert jiwer.cer(expected, " ".join(words(text))) < 0.1

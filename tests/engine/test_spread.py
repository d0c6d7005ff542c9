"""Planned chunks without their samples, which any process reads again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from support.samples import CHECKPOINT, SAMPLES
from unispeech.audio.pcm import WavWriter
from unispeech.audio.recording import load
from unispeech.call import Call, Spread
from unispeech.engine import spread
from unispeech.engine.engine import Engine
from unispeech.engine.sound import Input
from unispeech.engine.spread import with_samples
from unispeech.errors import AudioError
from unispeech.stages.seams import is_seam
from unispeech.types import Chunk, ChunkResult


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WAV as the service decodes it, which ends within a frame of the detector."""
    path = tmp_path_factory.mktemp("spread") / "sound.wav"
    with WavWriter(path) as file:
        file.write(np.tile(load(SAMPLES / "english.wav"), 4)[:-77])
    return path


@pytest.mark.parametrize("vad", [True, False])
@pytest.mark.parametrize(
    ("backend", "model"),
    [("faster", "tiny.en"), ("mms", str(CHECKPOINT / "model"))],
    ids=["whisper", "ctc"],
)
def test_the_samples_of_every_chunk_and_seam_are_read_again(
    engine: Callable[..., Engine], sound: Path, backend: str, model: str, vad: bool
) -> None:
    loaded = engine(backend, model)
    run = loaded._run(loaded.resolve(vad=vad, chunk_length=5.0, language="en"), Call())
    planned = [x for x in run.reader().items([Input(sound)]) if isinstance(x, Chunk)]
    assert len(planned) > 4
    if not vad:
        assert any(map(is_seam, planned)) == (backend == "faster")
    assert any(chunk.before for chunk in planned) == (backend == "mms")
    for chunk in planned:
        again = with_samples(replace(chunk, samples=np.zeros(0, np.float32)), sound)
        assert np.array_equal(again.samples, chunk.samples)


def test_a_recording_that_has_become_shorter_is_an_error(sound: Path) -> None:
    with pytest.raises(AudioError):
        with_samples(Chunk(np.zeros(0, np.float32), 0.0, 3600.0), sound)


class HangingOthers:
    """FAKE journal of a call whose chunks other processes have taken and never record."""

    sound = Path("a.wav")

    def take(self, chunks: list[Chunk]) -> list[Chunk]:
        return []

    def recorded(self, chunk: Chunk) -> None:
        return None


def test_chunks_that_others_never_record_are_decoded_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spread, "PATIENCE", 0.3)
    chunk = Chunk(np.zeros(0, np.float32), 0.0, 1.0)
    decoded: list[list[Chunk]] = []

    def decode(chunks: list[Chunk]) -> list[ChunkResult]:
        decoded.append(chunks)
        return [ChunkResult(()) for _ in chunks]

    shared = spread.sharing(decode, cast(Spread, HangingOthers()), lambda: False)
    assert shared([chunk]) == [ChunkResult(())] and decoded == [[chunk]]

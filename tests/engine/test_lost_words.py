"""Words that a cut, a repetition, a prompt or the guard may cost or add, with real weights."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from support.recordings import Sound, recorded
from support.samples import SAMPLES, reference, words
from unispeech.audio.recording import load
from unispeech.engine.engine import Engine
from unispeech.options import DecodeOptions
from unispeech.stages import leaks
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, Samples

pytestmark = pytest.mark.slow

LONG = "longform/1221-135767.flac"


@pytest.mark.parametrize("suffix", [".webm", ".m4a", ".mka"])
def test_a_sentence_said_twice_is_kept(
    engine: Callable[..., Engine], tmp_path: Path, suffix: str
) -> None:
    twice = np.tile(load(SAMPLES / "german.wav"), 2)
    file = recorded(tmp_path / f"twice{suffix}", Sound(((0.0, twice),)))
    transcript = engine("faster", "base").transcribe(file)
    assert transcript.text.count("die Vögel singen in den Bäumen") == 2
    assert not transcript.gaps


def test_a_sentence_said_twice_is_kept_by_another_backend(engine: Callable[..., Engine]) -> None:
    twice = np.tile(load(SAMPLES / "german.wav"), 2)
    loaded = engine("openai", "base")
    transcript = loaded.transcribe(twice, SAMPLE_RATE, language="de", beam_size=1)
    assert transcript.text.count("die Vögel singen in den Bäumen") == 2


@pytest.mark.parametrize("backend", ["faster", "cpp"])
def test_a_true_repetition_is_kept_without_sampling(
    engine: Callable[..., Engine], backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = engine(backend, "tiny.en")
    decode = loaded.backend.transcribe_batch
    temperatures: list[float] = []

    def counted(chunks: Sequence[Chunk], options: DecodeOptions) -> list[ChunkResult]:
        temperatures.extend(options.temperatures[:1] * len(chunks))
        return decode(chunks, options)

    monkeypatch.setattr(loaded.backend, "transcribe_batch", counted)
    good_morning = load(SAMPLES / "english.wav")[: round(0.95 * SAMPLE_RATE)]
    said = np.tile(np.pad(good_morning, (0, SAMPLE_RATE // 4)), 8)
    transcript = loaded.transcribe(said, SAMPLE_RATE)
    text = re.findall(r"\w+", transcript.text.lower())
    assert set(text) <= {"good", "this", "morning"}
    assert 6 <= text.count("morning") <= 10 and not transcript.gaps
    assert temperatures == [0.0] * 3


@pytest.mark.parametrize("backend", ["faster", "cpp"])
def test_words_at_a_cut_without_a_pause_are_kept(
    engine: Callable[..., Engine], data: Path, backend: str
) -> None:
    """Reading whose pauses are shortened to 0.14 s, too short for the detector."""
    sound = _without_pauses(load(data / LONG)[: 70 * SAMPLE_RATE])
    transcript = engine(backend, "tiny.en").transcribe(sound, SAMPLE_RATE)
    text = re.sub(r"\W+", " ", transcript.text.lower())
    assert re.search(r"affairs of the settlement at that ep\w+ of pristine simplicity", text)


@pytest.mark.parametrize("backend", ["faster", "openai"])
def test_a_prompt_is_no_text_of_noise(engine: Callable[..., Engine], backend: str) -> None:
    loaded = engine(backend, "tiny.en")
    prompt = "This is a call between Doctor Ramanujan and the patient about metformin."
    noise = 0.1 * np.random.default_rng(0).standard_normal(10 * SAMPLE_RATE).astype(np.float32)
    chunk = Chunk(noise, 0.0, 10.0, window=30.0, language="en")
    options = DecodeOptions(initial_prompt=prompt, beam_size=1)
    alone = loaded.backend.transcribe_batch([chunk], options)[0]
    assert leaks.is_echo(alone.text, options, "en")
    quiet = loaded.transcribe(noise, SAMPLE_RATE, vad=False, initial_prompt=prompt, beam_size=1)
    assert not leaks.is_echo(quiet.text, options, "en")
    spoken = loaded.transcribe(
        SAMPLES / "english.wav", initial_prompt=reference("english"), beam_size=1
    )
    assert words(spoken.text) == words(reference("english"))


@pytest.mark.parametrize(
    ("strategy", "prompt"),
    [("batched", "." * 5000), ("native", ". " * 2500), ("native", "x" * 5000)],
)
def test_a_prompt_without_words_is_left_out(
    engine: Callable[..., Engine], strategy: Literal["batched", "native"], prompt: str
) -> None:
    spoken = engine("faster", "tiny.en").transcribe(
        SAMPLES / "english.wav", initial_prompt=prompt, strategy=strategy, beam_size=1
    )
    assert words(spoken.text) == words(reference("english"))
    assert any("initial_prompt" in line and "left out" in line for line in spoken.warnings)


def _without_pauses(samples: Samples) -> Samples:
    frames = samples[: len(samples) // 320 * 320].reshape(-1, 320)
    loud = np.sqrt((frames**2).mean(1)) > 0.012
    kept = np.ones(len(loud), np.bool_)
    run = 0
    for number, is_loud in enumerate(loud):
        run = 0 if is_loud else run + 1
        kept[number] = run <= 7
    return frames[kept].reshape(-1)

"""Tracks and channels that are transcribed separately."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from support.errors import raises
from support.recordings import Sound, recorded, write
from support.samples import SAMPLES, reference, words
from unispeech.audio.recording import load
from unispeech.engine.engine import Engine
from unispeech.errors import AudioError, OptionError, UnispeechError
from unispeech.types import SAMPLE_RATE, Transcript

FIRST = load(SAMPLES / "english.wav")
SECOND = np.roll(load(SAMPLES / "pause.wav"), SAMPLE_RATE // 2)[: len(FIRST)]
SECOND = np.pad(SECOND, (0, len(FIRST) - len(SECOND)))


def spoken(transcript: Transcript, speaker: str) -> list[str]:
    return words("".join(s.text for s in transcript.segments if s.speaker == speaker))


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A telephone call: two people at once, on two channels."""
    path = tmp_path_factory.mktemp("call") / "call.wav"
    return write(path, np.stack([FIRST, SECOND]), SAMPLE_RATE, "pcm_s16le", "stereo")


def test_each_channel_is_a_speaker_and_overlaps_are_kept(
    engine: Callable[..., Engine], call: Path
) -> None:
    transcript = engine().transcribe(call, channels="each", word_timestamps=True)
    assert spoken(transcript, "Channel 1") == words(reference("english"))
    assert len(spoken(transcript, "Channel 2")) > 5
    starts = [segment.start for segment in transcript.segments]
    assert starts == sorted(starts)
    assert [segment.id for segment in transcript.segments] == list(range(len(starts)))
    assert {turn.speaker for turn in transcript.turns} == {"Channel 1", "Channel 2"}
    assert all(w.speaker == s.speaker for s in transcript.segments for w in s.words)


def test_lanes_of_arrays_and_open_files_and_of_several_sources(
    engine: Callable[..., Engine], call: Path, tmp_path: Path
) -> None:
    loaded = engine()
    array = np.stack([FIRST, SECOND], axis=1)
    one = loaded.transcribe(array, SAMPLE_RATE, channels="each")
    with call.open("rb") as file:
        two = loaded.transcribe(file, channels="each")
    three = loaded.transcribe(bytearray(call.read_bytes()), channels="each")  # type: ignore[arg-type]
    assert spoken(three, "Channel 1") == spoken(two, "Channel 1")
    assert spoken(one, "Channel 1") == spoken(two, "Channel 1") == words(reference("english"))
    sources = [SAMPLES / "english.wav", tmp_path / "none.wav", call]
    results: list[Transcript | UnispeechError] = list(
        loaded.transcribe_many(sources, channels="each")
    )
    mono, missing, stereo = results
    assert isinstance(mono, Transcript) and mono.segments[0].speaker is None
    assert isinstance(missing, AudioError)
    assert isinstance(stereo, Transcript) and len(stereo.turns) == len(stereo.segments)


def test_every_track_is_a_speaker(engine: Callable[..., Engine], tmp_path: Path) -> None:
    path = recorded(tmp_path / "tracks.mkv", Sound(((0, FIRST),)), Sound(((2.0, FIRST),)), film=2.0)
    transcript = engine().transcribe(path, audio_track="all")
    assert spoken(transcript, "Track 1") == words(reference("english"))
    assert spoken(transcript, "Track 2") == words(reference("english"))
    late = [s.start for s in transcript.segments if s.speaker == "Track 2"]
    assert min(late) > 1.9


def test_a_named_track_is_used_and_a_missing_one_refused(
    engine: Callable[..., Engine], tmp_path: Path
) -> None:
    silence = np.zeros_like(FIRST)
    sounds = [Sound(((0, silence),), language="eng"), Sound(((0, FIRST),), language="ger")]
    path = recorded(tmp_path / "tracks.mkv", *sounds, film=2.0)
    loaded = engine()
    for wanted in ("2", "de", "german", "ger"):
        assert words(loaded.transcribe(path, audio_track=wanted).text) == words(
            reference("english")
        )
    assert loaded.transcribe(path, audio_track="1").segments == ()
    with raises(AudioError, "fr", code="no_such_track", option="audio_track"):
        loaded.transcribe(path, audio_track="fr")


def test_a_part_of_a_recording_keeps_its_times(engine: Callable[..., Engine]) -> None:
    loaded = engine()
    whole = loaded.transcribe(SAMPLES / "english.wav", word_timestamps=True)
    second = whole.segments[1]
    part = loaded.transcribe(SAMPLES / "english.wav", start=second.start - 0.1)
    assert words(part.text) == words("".join(s.text for s in whole.segments[1:]))
    assert part.segments[0].start == pytest.approx(second.start, abs=0.3)
    with raises(AudioError, option="start"):
        loaded.transcribe(SAMPLES / "english.wav", start=1000.0)
    with raises(OptionError, option="end"):
        loaded.transcribe(SAMPLES / "english.wav", start=4.0, end=3.0)


def test_speakers_of_lanes_and_of_diarization_exclude_each_other(
    engine: Callable[..., Engine],
) -> None:
    with raises(OptionError, option="diarize"):
        engine().transcribe(SAMPLES / "english.wav", channels="each", diarize=True)

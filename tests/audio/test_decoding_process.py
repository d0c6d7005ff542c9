"""Decoding in child processes: the same samples, and a crash costs one file."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from support.recordings import truncated_wav, write
from support.samples import SAMPLES
from unispeech.audio import decoding_process
from unispeech.audio.decoding_process import decoding_in_children
from unispeech.audio.recording import Recording, load
from unispeech.errors import AudioError, AudioNotFound
from unispeech.types import Samples

ENGLISH = SAMPLES / "english.wav"
FIELDS = ("duration", "complete", "warnings", "holes", "container", "tracks", "track", "header")


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[decoding_process._Child]]:
    """The child processes that the block of the test has started."""
    started: list[decoding_process._Child] = []

    class Child(decoding_process._Child):
        def __init__(self) -> None:
            super().__init__()
            started.append(self)

    monkeypatch.setattr(decoding_process, "_Child", Child)
    with decoding_in_children(files=2):
        yield started
    assert Recording.reader is None
    assert not any(child._process.is_alive() for child in started)


def _read(path: Path) -> tuple[Samples, dict[str, object]]:
    recording = Recording(path)
    samples = recording.read()
    return samples, {name: getattr(recording, name) for name in FIELDS}


def test_samples_and_fields_are_those_of_this_process(
    children: list[decoding_process._Child], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [ENGLISH, truncated_wav(tmp_path / "cut.wav", load(ENGLISH), 0.5)]
    isolated = [_read(path) for path in paths]
    assert len(children) == 1
    monkeypatch.setattr(Recording, "reader", None)
    for (samples, fields), path in zip(isolated, paths, strict=True):
        expected, expected_fields = _read(path)
        assert np.array_equal(samples, expected) and fields == expected_fields
    monkeypatch.undo()


def test_a_file_that_is_never_read_to_its_end_keeps_no_child(
    children: list[decoding_process._Child],
) -> None:
    """As by a thread that is still in a batch when the program ends."""
    reader = Recording(ENGLISH).blocks()
    next(reader)
    children[0]._abandoned = reader  # type: ignore[attr-defined]  # until the fixture has ended


def test_errors_are_those_of_this_process(
    children: list[decoding_process._Child], tmp_path: Path
) -> None:
    (tmp_path / "bad.wav").write_bytes(b"not a recording")
    with pytest.raises(AudioNotFound):
        load(tmp_path / "missing.wav")
    with pytest.raises(AudioError) as caught:
        load(tmp_path / "bad.wav")
    assert caught.value.code == "invalid_audio"
    assert len(load(ENGLISH)) and len(children) == 1


def test_a_crash_costs_one_file(children: list[decoding_process._Child], tmp_path: Path) -> None:
    """The process is killed as a fault in a decoder would."""
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 48_000 * 60)).astype(np.float32)
    blocks = Recording(write(tmp_path / "a.wav", noise, 48_000, "pcm_s16le")).blocks()
    next(blocks)
    pid = children[0]._process.pid
    assert pid is not None
    os.kill(pid, signal.SIGSEGV)
    with pytest.raises(AudioError) as caught:
        list(blocks)
    assert caught.value.code == "decoder_crashed"
    assert len(load(ENGLISH)) and len(children) == 2


def test_two_files_are_read_at_once_and_abandoned(
    children: list[decoding_process._Child],
) -> None:
    first, second = Recording(ENGLISH).blocks(), Recording(ENGLISH).blocks()
    assert np.array_equal(next(first), next(second))
    assert len(children) == 2
    del first, second
    assert len(load(ENGLISH))

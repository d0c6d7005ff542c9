"""Sound between two threads: in order, all of it, and never more in memory than allowed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unispeech.audio.pcm import PcmDecoder
from unispeech.errors import AudioError
from unispeech.realtime.intake import IN_MEMORY, Intake, fill
from unispeech.types import SAMPLE_RATE

SECOND = np.arange(SAMPLE_RATE, dtype=np.float32)


def test_a_microphone_nobody_hears_goes_to_a_file_and_comes_back_whole() -> None:
    intake = Intake()
    seconds = int(IN_MEMORY) + 30
    for i in range(seconds):
        intake.put(SECOND + i)
    assert intake.waiting == seconds
    assert intake._held <= (IN_MEMORY + 1) * SAMPLE_RATE
    taken = iter(intake)
    got = [next(taken)[0] for _ in range(500)]
    for i in range(seconds, seconds + 5):
        intake.put(SECOND + i)
    intake.close()
    got += [piece for piece, _ in taken]
    assert np.array_equal(
        np.concatenate(got), np.concatenate([SECOND + i for i in range(seconds + 5)])
    )


def test_a_pipe_waits_when_nobody_hears_and_its_error_comes_last() -> None:
    def pieces() -> Iterator[npt.NDArray[np.float32]]:
        yield from (SECOND for _ in range(8))
        raise AudioError("broken pipe")

    intake = Intake(limit=2.0)
    thread = fill(intake, pieces())
    thread.join(0.2)
    assert thread.is_alive() and intake.waiting <= 3.0
    heard = 0
    with pytest.raises(AudioError, match="broken"):
        for piece, _ in intake:
            heard += len(piece)
    assert heard == 8 * SAMPLE_RATE


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(1, 5000), min_size=1, max_size=6), st.sampled_from([8_000, 24_000, 48_000])
)
def test_bytes_in_pieces_of_any_size_resample_to_the_same_sound(
    sizes: list[int], rate: int
) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    data = (tone * 20_000).astype("<i2").tobytes()
    pcm, got, at, turn = PcmDecoder(rate), [], 0, 0
    while at < len(data):
        size = max(sizes[turn % len(sizes)], 50)
        got.append(pcm.feed(data[at : at + size]))
        at, turn = at + size, turn + 1
    got.append(pcm.end())
    samples = np.concatenate(got)
    whole = PcmDecoder(rate)
    assert np.allclose(samples, np.concatenate([whole.feed(data), whole.end()]), atol=1e-4)
    assert abs(len(samples) - SAMPLE_RATE) < 40

"""The intake keeps all sound in order, within its limit of memory."""

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


def test_sound_beyond_the_memory_limit_goes_to_a_file_and_back() -> None:
    intake = Intake()
    seconds = int(IN_MEMORY) + 30
    for i in range(seconds):
        intake.put(SECOND + i)
    assert intake.waiting == seconds
    assert intake._in_memory <= (IN_MEMORY + 1) * SAMPLE_RATE
    reader = iter(intake)
    pieces = [next(reader)[0] for _ in range(500)]
    for i in range(seconds, seconds + 5):
        intake.put(SECOND + i)
    intake.close()
    pieces += [piece for piece, _ in reader]
    assert np.array_equal(
        np.concatenate(pieces), np.concatenate([SECOND + i for i in range(seconds + 5)])
    )


def test_a_full_intake_blocks_its_source_and_raises_its_error_last() -> None:
    def pieces() -> Iterator[npt.NDArray[np.float32]]:
        yield from (SECOND for _ in range(8))
        raise AudioError("broken pipe")

    intake = Intake(limit=2.0)
    thread = fill(intake, pieces())
    thread.join(0.2)
    assert thread.is_alive() and intake.waiting <= 3.0
    count = 0
    with pytest.raises(AudioError, match="broken"):
        for piece, _ in intake:
            count += len(piece)
    assert count == 8 * SAMPLE_RATE


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(1, 5000), min_size=1, max_size=6), st.sampled_from([8_000, 24_000, 48_000])
)
def test_resampling_does_not_depend_on_the_size_of_pieces(sizes: list[int], rate: int) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    data = (tone * 20_000).astype("<i2").tobytes()
    pcm, decoded, position, turn = PcmDecoder(rate), [], 0, 0
    while position < len(data):
        size = max(sizes[turn % len(sizes)], 50)
        decoded.append(pcm.feed(data[position : position + size]))
        position, turn = position + size, turn + 1
    decoded.append(pcm.end())
    samples = np.concatenate(decoded)
    whole = PcmDecoder(rate)
    assert np.allclose(samples, np.concatenate([whole.feed(data), whole.end()]), atol=1e-4)
    assert abs(len(samples) - SAMPLE_RATE) < 40

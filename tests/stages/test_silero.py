"""The network of the speech detector gives the same probabilities in both runtimes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from support.samples import SAMPLES
from unispeech.audio.recording import load
from unispeech.stages import silero
from unispeech.stages.silero import Listener
from unispeech.types import FRAME, Floats, Samples


def speech() -> Samples:
    samples = load(SAMPLES / "english.wav")
    return samples[: len(samples) // FRAME * FRAME]


def in_blocks(samples: Samples, frames: int) -> Floats:
    listener = Listener()
    size = frames * FRAME
    blocks = [samples[i : i + size] for i in range(0, len(samples), size)]
    return np.concatenate([listener.probabilities(block) for block in blocks])


def model() -> Path:
    package = find_spec("faster_whisper")
    assert package is not None and package.origin is not None
    return Path(package.origin).parent / "assets" / "silero_vad_v6.onnx"


@pytest.mark.skipif(find_spec("openvino") is None, reason="openvino is a dependency on x86 only")
def test_openvino_and_onnxruntime_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = speech()
    results = []
    for load_network in (silero._in_openvino, silero._in_onnxruntime):
        network = load_network(model())
        monkeypatch.setattr(silero, "_network", lambda network=network: network)
        results.append(in_blocks(samples, 100))
    first, second = results
    assert first.max() > 0.9 and first.min() < 0.1
    np.testing.assert_allclose(first, second, atol=1e-4)


def test_probabilities_do_not_depend_on_the_blocks() -> None:
    samples = speech()
    whole = in_blocks(samples, len(samples) // FRAME)
    assert len(whole) == len(samples) // FRAME
    np.testing.assert_allclose(in_blocks(samples, 7), whole, atol=1e-4)


def test_streams_in_several_threads_keep_apart() -> None:
    samples = speech()
    parts = [samples[start * FRAME :] for start in (0, 40, 80, 120)]
    alone = [in_blocks(part, 50) for part in parts]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda part: in_blocks(part, 50), parts))
    for expected, got in zip(alone, together, strict=True):
        np.testing.assert_array_equal(expected, got)


@pytest.mark.parametrize("error", [ImportError("no such library"), RuntimeError("no such device")])
def test_an_unusable_openvino_is_not_needed(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise error

    monkeypatch.setattr(silero, "_in_openvino", refuse)
    monkeypatch.setattr(silero, "_network", silero._network.__wrapped__)
    assert Listener().probabilities(np.zeros(FRAME, np.float32)).shape == (1,)

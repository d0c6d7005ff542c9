"""OpenVINO in its isolated environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.errors import raises
from support.samples import SAMPLES, reference, words
from unispeech.engine.engine import Engine
from unispeech.errors import BackendError

MakeEngine = Callable[..., Engine]


def has_bfloat16() -> bool:
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text(encoding="utf-8") if cpuinfo.exists() else "_bf16"
    return "avx512_bf16" in flags or "amx_bf16" in flags


@pytest.mark.slow
@pytest.mark.parametrize("compute_type", ["int8", "bfloat16", "float32"])
@pytest.mark.parametrize("strategy", ["batched", "native"])
def test_repeated_calls_transcribe_the_samples(
    engine: MakeEngine, compute_type: str, strategy: str
) -> None:
    """A recording must not leave state behind for the next one."""
    if compute_type == "bfloat16" and not has_bfloat16():
        with raises(BackendError, "openvino", "bfloat16"):
            engine("openvino", "tiny.en", compute_type=compute_type)
        return
    loaded = engine("openvino", "tiny.en", compute_type=compute_type)
    for sample in ("english", "pause", "english"):
        transcript = loaded.transcribe(SAMPLES / f"{sample}.wav", strategy=strategy)  # type: ignore[arg-type]
        if sample == "english":
            assert words(transcript.text) == words(reference("english"))


@pytest.mark.slow
def test_the_text_does_not_depend_on_the_batch(engine: MakeEngine) -> None:
    loaded = engine("openvino", "tiny.en", compute_type="float32")
    clips = [SAMPLES / "english.wav", SAMPLES / "pause.wav", SAMPLES / "english.wav"]
    together = list(loaded.transcribe_many(clips, batch_size=16))
    alone = [loaded.transcribe(clip, batch_size=1) for clip in clips]
    texts = [result.text for result in together if not isinstance(result, Exception)]
    assert texts == [transcript.text for transcript in alone]


@pytest.mark.slow
def test_it_detects_and_translates(engine: MakeEngine) -> None:
    loaded = engine("openvino", "base")
    transcript = loaded.transcribe(SAMPLES / "german.wav")
    assert transcript.language == "de"
    assert words(transcript.text)[:3] == words(reference("german"))[:3]
    english = loaded.transcribe(SAMPLES / "german.wav", task="translate")
    assert "the" in words(english.text)

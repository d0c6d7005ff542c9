"""The strategy `native` is the library itself: called directly, it says the same, text for text."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from unispeech.audio import load
from unispeech.backends import registry
from unispeech.engine import Engine
from unispeech.models import store
from unispeech.types import SAMPLE_RATE

pytestmark = pytest.mark.slow

EXCERPTS = (("1221-135767", 0), ("1320-122617", 60), ("1580-141083", 30))
"""Chapter and second; 90 seconds of each."""
MODEL = "tiny.en"


def faster(model: Path, samples: Any) -> list[str]:
    from faster_whisper import WhisperModel

    library = WhisperModel(str(model), device="cpu", compute_type="int8")
    segments, _ = library.transcribe(samples, language="en", temperature=0.0)
    return [segment.text for segment in segments]


def openai(model: Path, samples: Any) -> list[str]:
    import whisper

    library = whisper.load_model(str(model), device="cpu")
    said = library.transcribe(samples, language="en", temperature=0.0, fp16=False)
    return [segment["text"] for segment in said["segments"]]


def hf(model: Path, samples: Any) -> list[str]:
    import torch
    from transformers import WhisperForConditionalGeneration, WhisperProcessor

    processor = WhisperProcessor.from_pretrained(model)
    library = WhisperForConditionalGeneration.from_pretrained(model, dtype=torch.float32)
    inputs = processor(
        samples, sampling_rate=SAMPLE_RATE, return_tensors="pt", truncation=False,
        padding="longest", return_attention_mask=True,
    )  # fmt: skip
    said = library.generate(**inputs, return_timestamps=True, temperature=0.0)
    return list(processor.batch_decode(said, skip_special_tokens=True))


def cpp(model: Path, samples: Any) -> list[str]:
    from pywhispercpp.model import Model

    library = Model(str(model), redirect_whispercpp_logs_to=None, print_progress=False)
    said = library.transcribe(samples, language="en", temperature=0.0, temperature_inc=0.0)
    return [segment.text for segment in said]


@pytest.mark.parametrize("excerpt", EXCERPTS, ids=lambda excerpt: str(excerpt[0]))
@pytest.mark.parametrize("library", [faster, openai, hf, cpp], ids=lambda library: library.__name__)
@pytest.mark.filterwarnings("ignore")
def test_native_is_the_library_called_directly(
    library: Callable[[Path, Any], list[str]],
    excerpt: tuple[str, int],
    data: Path,
    engine: Callable[..., Engine],
) -> None:
    spec = registry.find(library.__name__)
    if not all(map(find_spec, spec.requires)):
        pytest.skip(f"{spec.name} is not installed: {spec.install_command}")
    name, second = excerpt
    start = second * SAMPLE_RATE
    samples = load(data / "longform" / f"{name}.flac")[start : start + 90 * SAMPLE_RATE]
    theirs = library(store.obtain(MODEL, spec.model_format), samples)
    native = engine(spec.name, MODEL).transcribe(
        samples, SAMPLE_RATE, strategy="native", language="en", temperature=0.0
    )
    ours = [segment.text for segment in native.segments]
    assert len(native.text.split()) > 100
    if spec.name == "hf":  # its `generate` gives the whole text
        ours = ["".join(ours)]
    if spec.name == "cpp":  # its binding strips what whisper.cpp says
        ours = [text.strip() for text in ours]
    assert ours == theirs

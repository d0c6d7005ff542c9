"""Whether the strategy `native` says what the library says when it is called directly.

    python benchmarks/native.py RECORDING... [--backends faster,openai,hf,cpp] [--model tiny.en]

Both transcribe each whole recording in this process, at temperature 0, from the same samples. A
line for each backend and recording says whether the texts of all segments are the same, or where
they first differ; the exit code is 1 if any do.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unispeech.audio.recording import load
from unispeech.backends import registry
from unispeech.engine.engine import Engine
from unispeech.models import store
from unispeech.types import SAMPLE_RATE

Library = Callable[[Path, Any], list[str]]
"""From the weights and samples at 16 kHz to the texts of the segments."""


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
    library: Any = WhisperForConditionalGeneration.from_pretrained(model, dtype=torch.float32)
    inputs = processor(
        samples, sampling_rate=SAMPLE_RATE, return_tensors="pt", truncation=False,
        padding="longest", return_attention_mask=True,
    )  # fmt: skip
    multilingual = library.generation_config.is_multilingual
    asked = {"language": "en", "task": "transcribe"} if multilingual else {}
    said = library.generate(**inputs, return_timestamps=True, temperature=0.0, **asked)
    return list(processor.batch_decode(said, skip_special_tokens=True))


def cpp(model: Path, samples: Any) -> list[str]:
    from pywhispercpp.model import Model

    library = Model(str(model), redirect_whispercpp_logs_to=None, print_progress=False)
    said = library.transcribe(samples, language="en", temperature=0.0, temperature_inc=0.0)
    return [segment.text for segment in said]


LIBRARIES: dict[str, Library] = {"faster": faster, "openai": openai, "hf": hf, "cpp": cpp}


def native(engine: Engine, samples: Any) -> list[str]:
    """The texts of the segments, cut and stripped as the library's own interface does."""
    said = engine.transcribe(
        samples, SAMPLE_RATE, strategy="native", language="en", temperature=0.0
    )
    texts = [segment.text for segment in said.segments]
    if engine.spec.name == "hf":  # its `generate` gives the whole text
        return ["".join(texts)]
    if engine.spec.name == "cpp":  # its binding strips what whisper.cpp says
        return [text.strip() for text in texts]
    return texts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--backends", default=",".join(LIBRARIES))
    parser.add_argument("--model", default="tiny.en")
    asked = parser.parse_args()
    differ = False
    for name in asked.backends.split(","):
        spec = registry.find(name)
        model = store.obtain(asked.model, spec.model_format)
        with Engine(spec.name, asked.model) as engine:
            for path in asked.recordings:
                samples = load(path)
                theirs = LIBRARIES[spec.name](model, samples)
                ours = native(engine, samples)
                differ |= ours != theirs
                print(f"{spec.name} {path.name}: {verdict(ours, theirs)}", flush=True)
    return int(differ)


def verdict(ours: list[str], theirs: list[str]) -> str:
    if ours == theirs:
        return f"the same, {len(' '.join(ours).split())} words in {len(ours)} segments"
    first = next(
        (i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b),
        min(len(ours), len(theirs)),
    )
    return f"DIFFERENT from segment {first}: {ours[first : first + 1]}, {theirs[first : first + 1]}"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main())

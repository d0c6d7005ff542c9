"""Compare the strategy `native` with the library called directly.

    python benchmarks/native.py RECORDING... [--backends faster,openai,hf,cpp] [--model tiny.en]

Both transcribe whole recordings in this process at temperature 0, from the same samples. A line per
backend and recording reports whether the texts of all segments are equal, or the first difference;
the exit code is 1 if any differ.
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
"""Function from weights and 16 kHz samples to the texts of the segments."""


def faster(model: Path, samples: Any) -> list[str]:
    from faster_whisper import WhisperModel

    library = WhisperModel(str(model), device="cpu", compute_type="int8")
    segments, _ = library.transcribe(samples, language="en", temperature=0.0)
    return [segment.text for segment in segments]


def openai(model: Path, samples: Any) -> list[str]:
    import whisper

    library = whisper.load_model(str(model), device="cpu")
    result = library.transcribe(samples, language="en", temperature=0.0, fp16=False)
    return [segment["text"] for segment in result["segments"]]


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
    options = {"language": "en", "task": "transcribe"} if multilingual else {}
    result = library.generate(**inputs, return_timestamps=True, temperature=0.0, **options)
    return list(processor.batch_decode(result, skip_special_tokens=True))


def cpp(model: Path, samples: Any) -> list[str]:
    from pywhispercpp.model import Model

    library = Model(str(model), redirect_whispercpp_logs_to=None, print_progress=False)
    result = library.transcribe(samples, language="en", temperature=0.0, temperature_inc=0.0)
    return [segment.text for segment in result]


LIBRARIES: dict[str, Library] = {"faster": faster, "openai": openai, "hf": hf, "cpp": cpp}


def native(engine: Engine, samples: Any) -> list[str]:
    """Return the texts of the segments, split and stripped as by the library's own interface."""
    result = engine.transcribe(
        samples, SAMPLE_RATE, strategy="native", language="en", temperature=0.0
    )
    texts = [segment.text for segment in result.segments]
    if engine.spec.name == "hf":  # its `generate` returns the whole text
        return ["".join(texts)]
    if engine.spec.name == "cpp":  # its binding strips the text
        return [text.strip() for text in texts]
    return texts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--backends", default=",".join(LIBRARIES))
    parser.add_argument("--model", default="tiny.en")
    args = parser.parse_args()
    differs = False
    for name in args.backends.split(","):
        spec = registry.find(name)
        model = store.obtain(args.model, spec.model_format)
        with Engine(spec.name, args.model) as engine:
            for path in args.recordings:
                samples = load(path)
                theirs = LIBRARIES[spec.name](model, samples)
                ours = native(engine, samples)
                differs |= ours != theirs
                print(f"{spec.name} {path.name}: {verdict(ours, theirs)}", flush=True)
    return int(differs)


def verdict(ours: list[str], theirs: list[str]) -> str:
    if ours == theirs:
        return f"equal, {len(' '.join(ours).split())} words in {len(ours)} segments"
    first = next(
        (i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b),
        min(len(ours), len(theirs)),
    )
    return f"DIFFERENT from segment {first}: {ours[first : first + 1]}, {theirs[first : first + 1]}"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main())

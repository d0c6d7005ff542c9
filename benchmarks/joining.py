"""Effect of chunking on a CTC model's text, against a single pass over the recording.

    python benchmarks/joining.py [CHECKPOINT] [--seconds 180] [--lengths 7,15,30]
        [--contexts 0,1.5,5]

CHECKPOINT is a folder like tests/support/ctc_checkpoint (default): `model/` with adapters, and
`clips/` with sentences, which are concatenated with pauses of 0.1 to 2.5 s and a little noise. The
baseline is a single pass over all samples, normalised over the whole recording, without chunks or
voice activity detection, decoded greedily. Prints, for each language, the character error rate of
the baseline against the spoken text, and for each way of chunking the character error rate against
the baseline and against the spoken text. "own" normalises each chunk, "file" uses the mean and
variance of the recording; "vad" has chunks around speech, as by default, "all" covers everything,
as with --no-vad.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import jiwer
import numpy as np
import torch

from unispeech.audio.recording import Recording, load
from unispeech.backends.mms import Mms
from unispeech.ctc import words
from unispeech.engine.source import CTC_LATENCY
from unispeech.models import store
from unispeech.options import LoadOptions, TranscribeOptions
from unispeech.stages import chunking, stitch
from unispeech.stages.vad import detect
from unispeech.stages.windows import fit
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, Emissions, End

if TYPE_CHECKING:
    from unispeech.types import Samples

HERE = Path(__file__).parent.parent / "tests" / "support" / "ctc_checkpoint"


def recording(folder: Path, language: str, seconds: float) -> tuple[Samples, str]:
    """Concatenate random sentences with random pauses; return the samples and the spoken text."""
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    names = sorted(name for name in texts if name.startswith(language))
    draw = np.random.default_rng(1)
    pieces: list[Samples] = []
    spoken: list[str] = []
    while sum(map(len, pieces)) < seconds * SAMPLE_RATE:
        name = names[draw.integers(len(names))]
        pause = np.zeros(round(draw.uniform(0.1, 2.5) * SAMPLE_RATE), np.float32)
        pieces += [load(folder / name), pause]
        spoken.append(texts[name])
    joined = np.concatenate(pieces)
    return joined + draw.normal(0, 3e-4, len(joined)).astype(np.float32), " ".join(spoken)


def text(emissions: Emissions, language: str) -> str:
    return "".join(segment.text for segment in words.read(emissions, language)).strip()


def whole(model: Mms, samples: Samples, language: str) -> str:
    length = len(samples) / SAMPLE_RATE
    (emissions,) = model.emissions([Chunk(samples, 0.0, length, window=1.0, language=language)])
    return text(emissions, language)


def chunked(
    model: Mms, samples: Samples, language: str, length: float, context: float, vad: bool
) -> str:
    """Return the text of the chunks, joined as by the engine."""
    options = TranscribeOptions.of(TranscribeOptions(), vad=vad)
    source = Recording(samples, SAMPLE_RATE)
    windows = (*model.windows, length + 2 * context + 2)
    pad = max(options.vad.pad, CTC_LATENCY) if context else options.vad.pad
    frames = detect(source.blocks(), options.vad)
    planned = chunking.plan(frames, replace(options.vad, pad=pad), length, 0, context)
    chunks = [replace(fit(chunk, windows), language=language) for chunk in planned]
    results = [ChunkResult((), emissions=model.emissions([chunk])[0]) for chunk in chunks]
    items = stitch.joined(zip(chunks, results, strict=True), words.read)
    return "".join(item[1].text for item in items if not isinstance(item, End)).strip()


def unnormalised(folder: Path, target: Path) -> Path:
    """Copy the model with normalisation switched off."""
    shutil.copytree(folder, target)
    (target / "preprocessor_config.json").write_text('{"do_normalize": false}')
    return target


def rows(
    models: dict[str, Mms], samples: Samples, spoken: str, language: str, args: argparse.Namespace
) -> Iterator[str]:
    normalised = ((samples - samples.mean()) / samples.std()).astype(np.float32)
    reference = whole(models["own"], samples, language)
    yield f"{language} single pass against spoken: {100 * jiwer.cer(spoken, reference):.2f}"
    ways = itertools.product(args.lengths, args.contexts, ("own", "file"), (False, True))
    for length, context, norm, vad in ways:
        inputs = normalised if norm == "file" else samples
        result = chunked(models[norm], inputs, language, length, context, vad)
        rates = 100 * jiwer.cer(reference, result), 100 * jiwer.cer(spoken, result)
        yield (
            f"{language} length {length:g} context {context:g} {norm} {'vad' if vad else 'all'}: "
            f"{rates[0]:.2f} against the single pass, {rates[1]:.2f} against spoken"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, nargs="?", default=HERE)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--lengths", type=numbers, default=numbers("7,15,30"))
    parser.add_argument("--contexts", type=numbers, default=numbers("0,1.5,5"))
    parser.add_argument("--languages", default="eng,rus")
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        folders = {
            "own": args.checkpoint / "model",
            "file": unnormalised(args.checkpoint / "model", Path(scratch) / "model"),
        }
        models = {
            name: Mms(folder, store.describe(str(folder)), LoadOptions())
            for name, folder in folders.items()
        }
        for language in args.languages.split(","):
            samples, spoken = recording(args.checkpoint / "clips", language, args.seconds)
            for line in rows(models, samples, spoken, language, args):
                print(line, flush=True)


def numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


if __name__ == "__main__":
    main()

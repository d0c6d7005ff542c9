"""What hearing a long recording in chunks changes, against the whole of it through a CTC model.

    python benchmarks/joining.py [CHECKPOINT] [--seconds 180] [--lengths 7,15,30]
        [--contexts 0,1.5,5]

CHECKPOINT is a folder like tests/support/ctc_checkpoint (default): `model/` with adapters, `clips/`
with sentences, which are put one after another with pauses of 0.1 to 2.5 s and a little noise. The
reference is the model on all samples in one call, normalised once over all of them: no chunks, no
voice activity detection, the best letter of each frame. Prints, for each language, in percent of
characters, how far the reference is from what was said, and for each way of cutting how far the
text of the chunks is from the reference and from what was said. "own" chunks are normalised one by
one, "file" by the mean and the variance of the recording; "vad" are chunks around speech, as the
engine makes them by default, "all" are those of everything, as with --no-vad.
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
    """Sentences drawn at random with pauses of any length, and what is said in them."""
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    names = sorted(name for name in texts if name.startswith(language))
    draw = np.random.default_rng(1)
    pieces: list[Samples] = []
    said: list[str] = []
    while sum(map(len, pieces)) < seconds * SAMPLE_RATE:
        name = names[draw.integers(len(names))]
        pause = np.zeros(round(draw.uniform(0.1, 2.5) * SAMPLE_RATE), np.float32)
        pieces += [load(folder / name), pause]
        said.append(texts[name])
    joined = np.concatenate(pieces)
    return joined + draw.normal(0, 3e-4, len(joined)).astype(np.float32), " ".join(said)


def text(said: Emissions, language: str) -> str:
    return "".join(segment.text for segment in words.read(said, language)).strip()


def whole(model: Mms, samples: Samples, language: str) -> str:
    length = len(samples) / SAMPLE_RATE
    (said,) = model.emissions([Chunk(samples, 0.0, length, window=1.0, language=language)])
    return text(said, language)


def chunked(
    model: Mms, samples: Samples, language: str, length: float, context: float, vad: bool
) -> str:
    """The text as the engine makes it of chunks."""
    options = TranscribeOptions.of(TranscribeOptions(), vad=vad)
    source = Recording(samples, SAMPLE_RATE)
    windows = (*model.windows, length + 2 * context + 2)
    pad = max(options.vad.pad, CTC_LATENCY) if context else options.vad.pad
    frames = detect(source.blocks(), options.vad)
    planned = chunking.plan(frames, replace(options.vad, pad=pad), length, 0, context)
    chunks = [replace(fit(chunk, windows), language=language) for chunk in planned]
    heard = [ChunkResult((), emissions=model.emissions([chunk])[0]) for chunk in chunks]
    items = stitch.joined(zip(chunks, heard, strict=True), words.read)
    return "".join(item[1].text for item in items if not isinstance(item, End)).strip()


def unnormalised(folder: Path, place: Path) -> Path:
    """The same model, which takes the samples as they are."""
    shutil.copytree(folder, place)
    (place / "preprocessor_config.json").write_text('{"do_normalize": false}')
    return place


def rows(
    models: dict[str, Mms], samples: Samples, said: str, language: str, args: argparse.Namespace
) -> Iterator[str]:
    level = ((samples - samples.mean()) / samples.std()).astype(np.float32)
    reference = whole(models["own"], samples, language)
    yield f"{language} whole against said: {100 * jiwer.cer(said, reference):.2f}"
    ways = itertools.product(args.lengths, args.contexts, ("own", "file"), (False, True))
    for length, context, norm, vad in ways:
        sound = level if norm == "file" else samples
        heard = chunked(models[norm], sound, language, length, context, vad)
        apart = 100 * jiwer.cer(reference, heard), 100 * jiwer.cer(said, heard)
        yield (
            f"{language} length {length:g} context {context:g} {norm} {'vad' if vad else 'all'}: "
            f"{apart[0]:.2f} against the whole, {apart[1]:.2f} against what was said"
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
            samples, said = recording(args.checkpoint / "clips", language, args.seconds)
            for line in rows(models, samples, said, language, args):
                print(line, flush=True)


def numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


if __name__ == "__main__":
    main()

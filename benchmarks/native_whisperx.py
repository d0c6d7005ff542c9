"""Whether whisperX through this package says what whisperX says when it is called directly.

    python benchmarks/native_whisperx.py RECORDING... [--model tiny.en] [--align-model MODEL]

Its own pipeline (and with --align-model its own alignment) is called in its environment with
nothing of ours around it, on the same samples of whole recordings. A line for each says whether
text and times of all segments and words are the same; the exit code is 1 if any differ.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from unispeech.audio.recording import load
from unispeech.engine.engine import Engine
from unispeech.environments import folders
from unispeech.models import store
from unispeech.types import SAMPLE_RATE

Said = list[list[Any]]
"""Segments: start, end, text, and the words that have times, each start, end, text."""

DIRECT = """
import json, sys, numpy, whisperx
model, align_model, target, *sounds = sys.argv[1:]
pipeline = whisperx.load_model(model, "cpu", compute_type="float32", language="en")
aligner = whisperx.load_align_model("en", "cpu", align_model) if align_model else None
told = []
for path in sounds:
    samples = numpy.load(path)
    result = pipeline.transcribe(samples, batch_size=8, language="en")
    if aligner:
        result = whisperx.align(result["segments"], *aligner, samples, "cpu")
    told.append([
        [s["start"], s["end"], s["text"].strip(),
         [[w["start"], w["end"], w["word"]] for w in s.get("words", ()) if "start" in w]]
        for s in result["segments"]
    ])
json.dump(told, open(target, "w"))
"""
"""whisperX as its README uses it."""


def direct(model: str, align_model: str, sounds: list[Any]) -> list[Said]:
    """What whisperX says of each sound, called in its own environment.

    Raises:
        RuntimeError: it failed; the message is what it said.
    """
    environment = folders.find("whisperx")
    if environment is None:
        raise RuntimeError("run: unispeech backends install whisperx")
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.npy" for number in range(len(sounds))]
        for path, sound in zip(paths, sounds, strict=True):
            np.save(path, sound)
        answer = Path(folder) / "answer.json"
        folder_of = str(store.obtain(model, "ctranslate2"))
        command = [str(environment.python), "-W", "ignore", "-c", DIRECT, folder_of]
        done = subprocess.run(
            [*command, align_model, str(answer), *map(str, paths)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr)
        told: list[Said] = json.loads(answer.read_text(encoding="utf-8"))
        return told


def through_us(engine: Engine, samples: Any, align_model: str) -> Said:
    said = engine.transcribe(
        samples, SAMPLE_RATE, strategy="native", language="en", align_model=align_model or None
    )
    return [
        [s.start, s.end, s.text.strip(), [[w.start, w.end, w.word.strip()] for w in s.words]]
        for s in said.segments
    ]


def same(ours: Said, theirs: Said) -> str:
    """Empty where they are the same, else the first difference.

    A word without times in theirs (no letter of it is known) has those of its gap in ours.
    """
    if len(ours) != len(theirs):
        return f"{len(ours)} segments, {len(theirs)} of theirs"
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        timed = [word for word in one[3] if word in other[3]]
        if one[:3] != other[:3] or timed != other[3]:
            return f"segment {number}: {one} and theirs {other}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--align-model", default="")
    asked = parser.parse_args()
    sounds = [load(path) for path in asked.recordings]
    theirs = direct(asked.model, asked.align_model, sounds)
    differ = 0
    with Engine("whisperx", asked.model) as engine:
        for path, sound, other in zip(asked.recordings, sounds, theirs, strict=True):
            ours = through_us(engine, sound, asked.align_model)
            problem = same(ours, other)
            differ += bool(problem)
            count = sum(len(one[2].split()) for one in ours)
            verdict = problem or f"the same: {count} words in {len(ours)} segments, and all times"
            print(f"{path.name}: {verdict}", flush=True)
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main())

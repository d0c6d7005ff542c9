"""Compare the strategy `native` of the backend whisperx with whisperX called directly.

    python benchmarks/native_whisperx.py RECORDING... [--model tiny.en] [--align-model MODEL]

whisperX's pipeline (and with --align-model its alignment) runs in its environment, without
UniSpeech, on the same samples of whole recordings. A line per recording reports whether the text
and times of all segments and words are equal; the exit code is 1 if any differ.
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

Segments = list[list[Any]]
"""Segments as start, end, text, and the timed words, each as start, end, text."""

DIRECT = """
import json, sys, numpy, whisperx
model, align_model, target, *recordings = sys.argv[1:]
pipeline = whisperx.load_model(model, "cpu", compute_type="float32", language="en")
aligner = whisperx.load_align_model("en", "cpu", align_model) if align_model else None
transcripts = []
for path in recordings:
    samples = numpy.load(path)
    result = pipeline.transcribe(samples, batch_size=8, language="en")
    if aligner:
        result = whisperx.align(result["segments"], *aligner, samples, "cpu")
    transcripts.append([
        [s["start"], s["end"], s["text"].strip(),
         [[w["start"], w["end"], w["word"]] for w in s.get("words", ()) if "start" in w]]
        for s in result["segments"]
    ])
json.dump(transcripts, open(target, "w"))
"""
"""A program that uses whisperX as its README does."""


def direct(model: str, align_model: str, recordings: list[Any]) -> list[Segments]:
    """Transcribe the samples of each recording with whisperX in its own environment.

    Raises:
        RuntimeError: whisperX failed; the message is its stderr.
    """
    environment = folders.find("whisperx")
    if environment is None:
        raise RuntimeError("run: unispeech backends install whisperx")
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.npy" for number in range(len(recordings))]
        for path, samples in zip(paths, recordings, strict=True):
            np.save(path, samples)
        output = Path(folder) / "output.json"
        weights = str(store.obtain(model, "ctranslate2"))
        command = [str(environment.python), "-W", "ignore", "-c", DIRECT, weights]
        done = subprocess.run(
            [*command, align_model, str(output), *map(str, paths)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr)
        transcripts: list[Segments] = json.loads(output.read_text(encoding="utf-8"))
        return transcripts


def through_engine(engine: Engine, samples: Any, align_model: str) -> Segments:
    """Transcribe samples with the strategy `native`."""
    transcript = engine.transcribe(
        samples, SAMPLE_RATE, strategy="native", language="en", align_model=align_model or None
    )
    return [
        [s.start, s.end, s.text.strip(), [[w.start, w.end, w.word.strip()] for w in s.words]]
        for s in transcript.segments
    ]


def differences(ours: Segments, theirs: Segments) -> str:
    """Describe the first difference; empty if there is none.

    A word that whisperX gives no times (the aligner has none of its letters) has those of the gap
    in `ours`, so it is left out of the comparison.
    """
    if len(ours) != len(theirs):
        return f"{len(ours)} segments, and theirs {len(theirs)}"
    for number, (our, their) in enumerate(zip(ours, theirs, strict=True)):
        timed = [word for word in our[3] if word in their[3]]
        if our[:3] != their[:3] or timed != their[3]:
            return f"segment {number}: {our} and theirs {their}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--align-model", default="")
    args = parser.parse_args()
    recordings = [load(path) for path in args.recordings]
    transcripts = direct(args.model, args.align_model, recordings)
    differ = False
    with Engine("whisperx", args.model) as engine:
        for path, samples, theirs in zip(args.recordings, recordings, transcripts, strict=True):
            ours = through_engine(engine, samples, args.align_model)
            difference = differences(ours, theirs)
            differ |= bool(difference)
            count = sum(len(segment[2].split()) for segment in ours)
            verdict = difference or f"equal: {count} words in {len(ours)} segments, and all times"
            print(f"{path.name}: {verdict}", flush=True)
    return int(differ)


if __name__ == "__main__":
    sys.exit(main())

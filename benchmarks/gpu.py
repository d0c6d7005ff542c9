"""The backends on a GPU: the contract suite, speed and memory beside the peer, and unloading.

    python benchmarks/gpu.py DATA [--device cuda] [--ctc MODEL] [--onnx MODEL] [PART ...]

DATA is English speech, in any form that `unispeech bench` reads. The parts are `contract`,
`throughput` and `unloading`; the default is all of them. The backends are `faster`, `openai` and
`hf` with the Whisper models `tiny.en` and `base`, and `ctc` and `onnx` if you name a model, which
may be a folder. For the large shapes without their weights:
`python benchmarks/large.py FOLDER --device cuda`.

Without a GPU this says so and ends with code 1. `--device cpu` is a dry run, whose results say
nothing about GPUs.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from unispeech.bench import datasets, gpu, results, runner
from unispeech.bench.configuration import Configuration
from unispeech.bench.runner import Plan

PEER = "peer:faster-batched"
WHISPER = ("faster", "openai", "hf")
ENGLISH, MULTILINGUAL = "tiny.en", "base"
WORD_ERRORS = 0.3
"""Highest word error rate at which a CTC or ONNX model passes the contract on a sample."""
SAMPLE = Path(__file__).parents[1] / "samples" / "english.wav"
CONTRACT = """
from unispeech.testing import BackendContract, Case

class TestOnDevice(BackendContract):
    under_test = Case({backend!r}, {load!r}, {model!r}, {multilingual!r}, {word_errors!r})
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """A backend with a model on a device."""

    backend: str
    model: str
    device: str

    @property
    def is_whisper(self) -> bool:
        return self.backend in WHISPER

    def contract(self) -> str:
        """Return a test file that runs the contract suite."""
        load = {"device": self.device} | ({} if self.is_whisper else {"language": "en"})
        return CONTRACT.format(
            backend=self.backend,
            load=load,
            model=self.model,
            multilingual=MULTILINGUAL if self.is_whisper else "",
            word_errors=0.0 if self.is_whisper else WORD_ERRORS,
        )


def missing(device: str) -> str:
    """Return why nothing can be measured on a device; empty if it can."""
    if device.startswith("cuda") and not gpu.names():
        return "no NVIDIA GPU found (by NVML); --device cpu is a dry run, which measures no GPU"
    return ""


def contract(subjects: Sequence[Subject], data: Path, folder: Path) -> None:
    """The last line of the contract suite for each backend."""
    rows = []
    for subject in subjects:
        test = folder / f"test_{subject.backend}.py"
        test.write_text(subject.contract(), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        if done.returncode:
            print(done.stdout, done.stderr, sep="", file=sys.stderr)
        last = [*(done.stderr + done.stdout).strip().splitlines(), ""][-2]
        rows.append((subject.backend, subject.model, last))
    table(("backend", "model", "contract suite"), *rows)


def throughput(subjects: Sequence[Subject], data: Path, folder: Path) -> None:
    """Speed, word errors and memory, with faster-whisper's pipeline as the baseline."""
    utterances = datasets.load(str(data), folder)
    rows = [Configuration(s.backend, s.model, beam_size=1, device=s.device) for s in subjects]
    rows.append(Configuration(PEER, ENGLISH, beam_size=1, device=subjects[0].device))
    plan = Plan(rows, utterances, datasets.warm_up(utterances), 1, folder)
    runner.run(plan, lambda step: None)
    measured = results.rows(plan.configurations, plan.utterances, runner.records(plan))
    base = next((row.speed for row in measured if row.configuration.is_peer), None)
    table(
        ("backend", "model", "x real time", "WER, %", "memory, MB", "GPU, MB", "ratio"),
        *(
            (
                row.configuration.backend,
                row.configuration.model,
                row.failed or f"{row.speed or 0:.1f}",
                f"{row.corpus.wer:.2f}" if row.corpus and row.corpus.wer is not None else "",
                f"{row.peak.median / 1e6:,.0f}" if row.peak else "",
                f"{row.gpu_peak.median / 1e6:,.0f}" if row.gpu_peak else "",
                f"{row.speed / base:.2f}" if row.speed and base else "",
            )
            for row in measured
        ),
    )


def unloading(subjects: Sequence[Subject], data: Path, folder: Path) -> None:
    """Memory before loading, after a transcription, and after closing: of all GPUs, or resident."""
    rows: list[tuple[str, ...]] = []
    for subject in subjects:
        command = [sys.executable, __file__, "--unload"]
        job = json.dumps([subject.backend, subject.model, subject.device])
        done = subprocess.run(command, input=job, capture_output=True, text=True)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
            rows.append((subject.backend, subject.model, reason, "", ""))
        else:
            sizes = json.loads(done.stdout.splitlines()[-1])
            rows.append((subject.backend, subject.model, *(f"{n / 1e6:,.0f}" for n in sizes)))
    table(("backend", "model", "before, MB", "loaded, MB", "closed, MB"), *rows)


def unload(backend: str, model: str, device: str) -> list[int]:
    """Load, transcribe and close. Returns the bytes before, between and after."""
    from unispeech.engine.engine import Engine

    sizes = [_used(device)]
    with Engine(backend, model, device=device) as engine:
        engine.transcribe(SAMPLE, language="en")
        sizes.append(_used(device))
    del engine
    gc.collect()
    return [*sizes, _used(device)]


def _used(device: str) -> int:
    if device.startswith("cuda"):
        return gpu.used() or 0
    return int(psutil.Process().memory_info().rss)


def table(*rows: Iterable[object]) -> None:
    head, *body = ([str(cell) for cell in row] for row in rows)
    for cells in (head, ["---"] * len(head), *body):
        print("| " + " | ".join(cells) + " |")
    print(flush=True)


PARTS = {part.__name__: part for part in (contract, throughput, unloading)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1, ...; cpu: a dry run")
    parser.add_argument("--backends", default=",".join(WHISPER), help="Whisper backends to run")
    parser.add_argument("--ctc", metavar="MODEL", help="an English CTC model")
    parser.add_argument("--onnx", metavar="MODEL", help="an English model of the backend onnx")
    args = parser.parse_intermixed_args()
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"part {unknown.pop()!r} is unknown; use {', '.join(PARTS)}")
    if reason := missing(args.device):
        print(reason, file=sys.stderr)
        return 1
    subjects = [Subject(name, ENGLISH, args.device) for name in args.backends.split(",")]
    subjects += [
        Subject(name, model, args.device)
        for name, model in (("ctc", args.ctc), ("onnx", args.onnx))
        if model
    ]
    dry = "" if args.device.startswith("cuda") else "Dry run without a GPU. "
    print(f"{dry}Device {args.device}: {', '.join(gpu.names()) or 'no GPU'}\n")
    with tempfile.TemporaryDirectory() as folder:
        for part in args.parts or PARTS:
            PARTS[part](subjects, args.data, Path(folder))
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--unload"]:
        print(json.dumps(unload(*json.load(sys.stdin))))
    else:
        sys.exit(main())

"""Speed and memory of large models beside faster-whisper, with random weights of their shapes.

    python benchmarks/large.py FOLDER [--audio FILE] [--seconds N] [--threads N] [SHAPE ...]

Makes the models in FOLDER (up to 3.1 GB each; `random_weights.py` lists the shapes), and runs the
backend `faster` and `BatchedInferencePipeline` on each, every run in a process of its own with the
same threads, in turn. Results in FOLDER are not measured again, so a stopped run can continue;
`--again` does.

Random weights never end a text, and never write a true one. So both sides decode for each batch the
tokens that its speech would take (`TOKENS_PER_SECOND` of the batch's mean chunk), and our results
get a text that no check doubts. Accuracy cannot be measured this way.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from random_weights import SHAPES, make
from unispeech.bench import gpu, machine, resources

OURS, PEER = "faster", "BatchedInferencePipeline"
SIDES = (OURS, PEER)
SAMPLE = Path(__file__).parents[1] / "samples" / "english.wav"
TOKENS_PER_SECOND = 3.3
"""Of English read speech, with Whisper's tokenizer."""
WORDS_PER_SECOND = 2.5
BATCH = 16
WARM_UP = 5.0
"""Seconds of sound before the clock starts."""
RATE = 16000


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: seconds, megabytes of resident memory, and the tokens decoded."""

    shape: str
    side: str
    audio: float
    load: float
    loaded: float
    first: float
    wall: float
    peak: float
    gpu: float
    tokens: int

    @property
    def speed(self) -> float:
        return self.audio / self.wall


class Lengths:
    """Gives every batch of CTranslate2's Whisper the number of tokens of its speech."""

    def __init__(self, vocabulary: int) -> None:
        import ctranslate2

        self.tokens = 0
        self._batch = threading.local()
        self._lock = threading.Lock()
        self._silenced = range(50257, vocabulary)  # end of text, special tokens, timestamps
        self._generate = ctranslate2.models.Whisper.generate
        lengths = self

        def generate(model: Any, features: Any, prompts: Any, **settings: Any) -> Any:
            return lengths.generate(model, features, prompts, settings)

        ctranslate2.models.Whisper.generate = generate

    def around(self, decode: Callable[..., Any], seconds: Callable[..., list[float]]) -> Any:
        """Wrap a method that decodes a batch; `seconds` returns the durations of its chunks."""

        def wrapped(*args: Any) -> Any:
            self._batch.seconds = float(np.mean(seconds(*args)))
            return decode(*args)

        return wrapped

    def generate(self, model: Any, features: Any, prompts: Any, settings: dict[str, Any]) -> Any:
        count = round(TOKENS_PER_SECOND * self._batch.seconds)
        # CTranslate2 also stops at half the maximum (Whisper's context holds a prompt as long).
        settings["max_length"] = max(2 * count, len(prompts[0]) + count)
        settings["suppress_tokens"] = sorted({*settings["suppress_tokens"], *self._silenced})
        outputs = self._generate(model, features, prompts, **settings)
        with self._lock:
            self.tokens += sum(len(output.sequences_ids[0]) for output in outputs)
        return outputs


def ours(job: dict[str, Any], lengths: Lengths) -> Callable[..., Any]:
    """Load the backend `faster`, and return a function that yields segments."""
    from unispeech.backends.faster import FasterWhisper
    from unispeech.engine.engine import Engine

    decode = lengths.around(
        FasterWhisper._decode, lambda _, chunks, options: [chunk.duration for chunk in chunks]
    )

    def credible(backend: Any, chunks: Any, options: Any) -> Any:
        return [
            _with_text(result, chunk.duration)
            for result, chunk in zip(decode(backend, chunks, options), chunks, strict=True)
        ]

    FasterWhisper._decode = credible  # type: ignore[assignment,method-assign]
    engine = Engine(
        "faster", job["folder"], device=job["device"], threads=job["threads"],
        compute_type=job["compute_type"], beam_size=1, batch_size=BATCH, language="en",
    )  # fmt: skip
    return lambda samples: engine.segments(samples, RATE)


def _with_text(result: Any, seconds: float) -> Any:
    """Replace the text of a result by random words at the rate of speech."""
    random = np.random.default_rng()
    count = max(1, round(WORDS_PER_SECOND * seconds))
    letters = random.choice(list("abcdefghijklmnoprstuvwy"), (count, 5))
    text = " ".join("".join(word) for word in letters)
    (segment,) = result.segments
    segment = replace(segment, text=f" {text}", avg_logprob=-0.2, no_speech_prob=0.0)
    return replace(result, segments=(segment,))


def peer(job: dict[str, Any], lengths: Lengths) -> Callable[..., Any]:
    """Load faster-whisper's pipeline, and return a function that yields segments."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    BatchedInferencePipeline.forward = lengths.around(
        BatchedInferencePipeline.forward,
        lambda _, features, tokenizer, metadata, options: [chunk["duration"] for chunk in metadata],
    )
    on_cpu = job["device"] == "cpu"
    model = WhisperModel(
        job["folder"],
        device=job["device"],
        # The backend takes `default` for int8 on a CPU; the peer gets the same precision.
        compute_type="int8" if on_cpu and job["compute_type"] == "default" else job["compute_type"],
        cpu_threads=job["threads"],
    )
    pipeline = BatchedInferencePipeline(model)

    def segments(samples: Any) -> Iterator[Any]:
        return iter(pipeline.transcribe(samples, language="en", beam_size=1, batch_size=BATCH)[0])

    return segments


def measure(job: dict[str, Any]) -> Measured:
    """Load one side, warm it up, and transcribe."""
    import faster_whisper  # noqa: F401  (both sides need it: imported before the clock starts)
    import psutil

    from unispeech.audio.recording import load
    from unispeech.system import allocator

    resources.pin(job["threads"])
    shape = job["shape"]
    if job["side"] == OURS:
        allocator.tune()  # as our own programs do
    samples = load(Path(job["audio"]))
    samples = np.resize(samples, round(job["seconds"] * RATE))
    lengths = Lengths(SHAPES[shape].n_vocab)
    gpus = gpu.Watch()
    start = time.perf_counter()
    side = ours if job["side"] == OURS else peer
    segments = side(job, lengths)
    loading = time.perf_counter() - start
    for _ in segments(samples[: round(WARM_UP * RATE)]):
        pass
    loaded = psutil.Process().memory_info().rss
    lengths.tokens = 0
    start, first = time.perf_counter(), 0.0
    for _ in segments(samples):
        first = first or time.perf_counter() - start
    wall = time.perf_counter() - start
    gpus.stop()
    peak = resources.own_peak() or 0
    return Measured(
        shape, job["side"], job["seconds"], loading, loaded / 1e6, first, wall, peak / 1e6,
        (gpus.peak or 0) / 1e6, lengths.tokens,
    )  # fmt: skip


def run(job: dict[str, Any]) -> Measured:
    """Measure in a process of its own.

    Raises:
        SystemExit: the process failed, for lack of memory perhaps.
    """
    command = [sys.executable, __file__, "--worker"]
    done = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or [f"ended with {done.returncode}"]
        raise SystemExit(f"{job['shape']}, {job['side']}: {reason[0]}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def table(rows: Sequence[Measured]) -> str:
    """Return the results as a Markdown table; the ratio is that of the speeds."""
    lines = [
        "| shape | | load, s | first segment, s | x real time | loaded, MB | peak, MB "
        "| GPU, MB | tokens | ratio |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    peers = {row.shape: row.speed for row in rows if row.side == PEER}
    for row in rows:
        ratio = f"{row.speed / peers[row.shape]:.2f}" if row.shape in peers else ""
        lines.append(
            f"| {row.shape} | {row.side} | {row.load:.1f} | {row.first:.1f} | {row.speed:.2f} "
            f"| {row.loaded:,.0f} | {row.peak:,.0f} | {row.gpu:,.0f} | {row.tokens:,} | {ratio} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", help=", ".join(SHAPES))
    parser.add_argument("--audio", type=Path, default=SAMPLE, help="speech, repeated as needed")
    parser.add_argument("--seconds", type=float, default=120.0, help="length of the sound")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--compute-type", default="default", help="the peer runs default as int8")
    parser.add_argument("--again", action="store_true", help="measure again")
    args = parser.parse_intermixed_args()
    if unknown := set(args.shapes) - set(SHAPES):
        parser.error(f"shape {unknown.pop()!r} is unknown; use {', '.join(SHAPES)}")
    rows = []
    for shape in args.shapes or SHAPES:
        make(SHAPES[shape], args.folder / shape)
        for side in SIDES:
            job = {
                "folder": str(args.folder / shape), "shape": shape, "side": side,
                "audio": str(args.audio), "seconds": args.seconds, "threads": args.threads,
                "compute_type": args.compute_type, "device": args.device,
            }  # fmt: skip
            parts = shape, side, f"{args.seconds:g}", args.threads, args.device, args.compute_type
            saved = args.folder / ("-".join(map(str, parts)) + ".json")
            if args.again or not saved.is_file():
                saved.write_text(json.dumps(asdict(run(job))), encoding="utf-8")
            rows.append(Measured(**json.loads(saved.read_text(encoding="utf-8"))))
    print(f"Random weights, {args.seconds:g} s of sound, {args.threads} threads, greedy, ", end="")
    print(f"batch {BATCH}, {args.compute_type}; {machine.processor()}\n")
    print(table(rows))


if __name__ == "__main__":
    if sys.argv[1:] == ["--worker"]:
        print(json.dumps(asdict(measure(json.load(sys.stdin)))))
    else:
        main()

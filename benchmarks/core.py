"""Figures of the engine and of faster-whisper on the same weights.

    python benchmarks/core.py DATA [--out FOLDER] [--repeat N] [--sample N] [FIGURE ...]

DATA holds three folders, each in any form that `unispeech bench` reads: `librispeech` (test-clean;
the 250 in `librispeech-250.txt` are used), `longform` (long recordings; the English recordings are
joined) and `nonspeech` (recordings without speech). The figures are `accuracy`, `throughput`,
`memory`, `nonspeech` and `startup`; the default is all of them. Each is printed as a table. Results
in FOLDER are not measured again, so a stopped run can continue. For a quick trial, `--sample N`
takes N recordings of each kind, and minutes instead of hours.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from unispeech.bench import datasets, joining, results, runner
from unispeech.bench.configuration import Configuration
from unispeech.bench.datasets import Choice
from unispeech.bench.results import Results, Row
from unispeech.bench.runner import Plan, Step
from unispeech.bench.utterances import Utterance

OURS, THEIRS, UNBATCHED = "faster", "peer:faster-batched", "peer:faster"
IDS = Path(__file__).with_name("librispeech-250.txt")
SHORT = 100
"""Number of utterances for the throughput."""
TEN_MINUTES, THREE_HOURS = 600.0, 10800.0
STARTS = 15


@dataclass(frozen=True, slots=True)
class Run:
    """Data, folder of the raw results, repeats and sample size."""

    data: Path
    folder: Path
    repeats: int = 3
    sample: int = 0
    """Number of recordings of each kind; 0 for all."""

    def recordings(
        self, kind: str, language: str | None, ids: Sequence[str] = ()
    ) -> list[Utterance]:
        result = datasets.load(str(self.data / kind), self.folder)
        return datasets.choose(result, Choice(language, tuple(ids), self.sample))

    def joined(self, seconds: float) -> Utterance:
        """Join the English recordings of `longform`, repeated for at least `seconds` (0: once)."""
        seconds = seconds / 20 if self.sample else seconds
        path = self.folder / f"joined-{seconds:.0f}.wav"
        return joining.join(self.recordings("longform", "en"), seconds, path)


def say(step: Step) -> None:
    if step.stage in ("done", "failed"):
        name = step.configuration.name
        print(f"  {step.number}/{step.total} {name}: {step.stage} {step.reason}", file=sys.stderr)


def measured(
    rows: Sequence[Configuration], utterances: Sequence[Utterance], folder: Path, repeats: int = 1
) -> Results:
    """Measure each configuration on all utterances, `repeats` times in rounds."""
    plan = Plan(rows, utterances, datasets.warm_up(utterances), repeats, folder)
    runner.run(plan, say)
    result = results.rows(plan.configurations, plan.utterances, runner.records(plan))
    for row in result:
        if row.failed:
            raise SystemExit(f"{row.configuration.name}: {row.failed}")
    return Results(tuple(result), tuple(utterances), THEIRS, {})


def table(*rows: Iterable[object]) -> None:
    head, *body = ([str(cell) for cell in row] for row in rows)
    for cells in (head, ["---"] * len(head), *body):
        print("| " + " | ".join(cells) + " |")
    print(flush=True)


def named(row: Row) -> tuple[str, str, int]:
    return row.configuration.backend, row.configuration.model, row.configuration.beam_size


def wer(row: Row) -> float:
    assert row.corpus is not None and row.corpus.wer is not None
    return row.corpus.wer


def accuracy(run: Run) -> None:
    """Word error rate in percent, for both backends with two models and two beams."""
    utterances = run.recordings("librispeech", "en", IDS.read_text(encoding="utf-8").split())
    grid = [
        Configuration(backend, model, beam_size=beam)
        for model in ("tiny.en", "base")
        for beam in (1, 5)
        for backend in (OURS, THEIRS)
    ]
    result = {named(row): wer(row) for row in measured(grid, utterances, run.folder).rows}
    print(f"Word error rate, % ({len(utterances)} utterances of LibriSpeech test-clean):\n")
    table(
        ("model", "beam", "ours", "BatchedInferencePipeline", "difference"),
        *(
            (model, beam, f"{ours:.2f}", f"{theirs:.2f}", f"{ours - theirs:+.2f}")
            for (backend, model, beam), ours in result.items()
            if backend == OURS
            for theirs in [result[THEIRS, model, beam]]
        ),
    )


def throughput(run: Run) -> None:
    """Seconds of audio per second, and the ratio to the peer's."""
    long = run.joined(0)
    print(f"{long.duration / 60:.0f} minutes in one file, batch 16, int8, beam 1, 2 threads:\n")
    _compare([long], run)
    result = datasets.load(str(run.data / "librispeech"), run.folder)
    short = datasets.choose(result, Choice("en", (), run.sample or SHORT))
    minutes = sum(utterance.duration for utterance in short) / 60
    print(f"{len(short)} utterances in one call, {minutes:.0f} minutes:\n")
    _compare(short, run)


def _compare(utterances: Sequence[Utterance], run: Run) -> None:
    grid = [
        Configuration(backend, model, beam_size=1, threads=2)
        for model in ("tiny.en", "base")
        for backend in (OURS, THEIRS)
    ]
    result = measured(grid, utterances, run.folder, run.repeats)
    table(
        ("", "model", "x real time", "first segment, s", "memory, MB", "WER, %", "ratio"),
        *(
            (
                row.configuration.backend,
                row.configuration.model,
                f"{row.throughput.median:.1f}" if row.throughput else "",
                f"{row.first_segment.median:.2f}" if row.first_segment else "",
                _megabytes(row),
                f"{wer(row):.2f}",
                f"{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})" if ratio else "1",
            )
            for row in result.rows
            for ratio in [result.ratio(row)]
        ),
    )


def memory(run: Run) -> None:
    """Peak resident memory, for ten minutes and three hours of repeated audio."""
    peaks: dict[tuple[str, float], str] = {}
    base = Configuration(OURS, "tiny.en", beam_size=1, threads=2)
    for seconds in (TEN_MINUTES, THREE_HOURS):
        long = run.joined(seconds)
        for backend in (OURS, THEIRS):
            if (backend, seconds) != (THEIRS, THREE_HOURS):
                row = measured([_with_backend(base, backend)], [long], run.folder).rows[0]
                peaks[backend, seconds] = _megabytes(row)
        long.audio.unlink()
    print("Peak memory, MB (tiny.en, batch 16, int8, beam 1, 2 threads):\n")
    table(
        ("", "10 minutes", "3 hours"),
        *((b, peaks[b, TEN_MINUTES], peaks.get((b, THREE_HOURS), "")) for b in (OURS, THEIRS)),
    )


def nonspeech(run: Run) -> None:
    """Characters of text in recordings without speech."""
    utterances = run.recordings("nonspeech", None)
    grid = [
        Configuration(backend, model)
        for model in ("tiny.en", "base")
        for backend in (OURS, THEIRS, UNBATCHED)
    ]
    result = {
        (row.configuration.backend, row.configuration.model): sum(len(t) for t in row.texts)
        for row in measured(grid, utterances, run.folder).rows
    }
    print(f"Characters invented in {len(utterances)} recordings without speech, beam 5:\n")
    table(
        ("model", "ours", "BatchedInferencePipeline", "WhisperModel.transcribe"),
        *(
            (model, *(result[backend, model] for backend in (OURS, THEIRS, UNBATCHED)))
            for model in ("tiny.en", "base")
        ),
    )


def startup(run: Run) -> None:
    """Seconds to import the package, and to print the help of the command line."""
    clock = "import time; t = time.perf_counter(); import unispeech; print(time.perf_counter() - t)"
    imports = [float(_output(["-c", clock])) for _ in range(STARTS)]
    helps = []
    for _ in range(STARTS):
        start = time.perf_counter()
        _output(["-m", "unispeech", "--help"])
        helps.append(time.perf_counter() - start)
    table(
        ("", "median, s", "best, s"),
        *(
            (name, f"{statistics.median(times):.3f}", f"{min(times):.3f}")
            for name, times in (("import unispeech", imports), ("unispeech --help", helps))
        ),
    )


def _output(arguments: list[str]) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def _with_backend(base: Configuration, backend: str) -> Configuration:
    return Configuration(backend, base.model, beam_size=base.beam_size, threads=base.threads)


def _megabytes(row: Row) -> str:
    return f"{row.peak.median / 1e6:,.0f}" if row.peak else ""


FIGURES = {f.__name__: f for f in (startup, accuracy, nonspeech, throughput, memory)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("figures", nargs="*", metavar="FIGURE")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--repeat", type=int, default=3, help="rounds of the throughput")
    parser.add_argument("--sample", type=int, default=0, help="recordings of each kind")
    args = parser.parse_intermixed_args()
    if unknown := set(args.figures) - set(FIGURES):
        parser.error(f"figure {unknown.pop()!r} is unknown; use {', '.join(FIGURES)}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in args.figures or FIGURES:
            FIGURES[name](Run(args.data, folder, args.repeat, args.sample))


if __name__ == "__main__":
    main()

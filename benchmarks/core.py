"""The engine's own figures, beside faster-whisper's on the same weights.

    python benchmarks/core.py DATA [--out FOLDER] [--repeat N] [--sample N] [FIGURE ...]

DATA holds three folders, each in any form that `unispeech bench` reads: `librispeech` (test-clean;
the 250 of `librispeech-250.txt` are used), `longform` (long recordings; the English ones
are joined) and `nonspeech` (recordings in which nobody speaks). The figures: `accuracy`,
`throughput`, `memory`, `nonspeech`, `startup`; all of them unless some are named. Each is printed
as a table. What FOLDER holds already is not measured again, so a stopped run goes on in it. To
try it out, `--sample N` takes N recordings of each kind, and minutes for hours.
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
"""Utterances, whose throughput is measured."""
TEN_MINUTES, THREE_HOURS = 600.0, 10800.0
STARTS = 15


@dataclass(frozen=True, slots=True)
class Asked:
    """What the figures are measured on, where the raw results go, and how thoroughly."""

    data: Path
    folder: Path
    repeats: int = 3
    sample: int = 0
    """So many recordings of each kind; 0 is all."""

    def recordings(
        self, kind: str, language: str | None, ids: Sequence[str] = ()
    ) -> list[Utterance]:
        found = datasets.load(str(self.data / kind), self.folder)
        return datasets.choose(found, Choice(language, tuple(ids), self.sample))

    def joined(self, seconds: float) -> Utterance:
        """The English recordings of `longform` as one file: so many seconds or a little more
        over and over, all of them once with 0."""
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
    """Each configuration on all utterances, `repeats` times in rounds."""
    plan = Plan(rows, utterances, datasets.warm_up(utterances), repeats, folder)
    runner.run(plan, say)
    found = results.rows(plan.configurations, plan.utterances, runner.records(plan))
    for row in found:
        if row.failed:
            raise SystemExit(f"{row.configuration.name}: {row.failed}")
    return Results(tuple(found), tuple(utterances), THEIRS, {})


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


def accuracy(asked: Asked) -> None:
    """Word error rate in percent, both backends with two models and two beams."""
    chosen = asked.recordings("librispeech", "en", IDS.read_text(encoding="utf-8").split())
    grid = [
        Configuration(backend, model, beam_size=beam)
        for model in ("tiny.en", "base")
        for beam in (1, 5)
        for backend in (OURS, THEIRS)
    ]
    found = {named(row): wer(row) for row in measured(grid, chosen, asked.folder).rows}
    print(f"Word error rate, % ({len(chosen)} utterances of LibriSpeech test-clean):\n")
    table(
        ("model", "beam", "ours", "BatchedInferencePipeline", "difference"),
        *(
            (model, beam, f"{ours:.2f}", f"{theirs:.2f}", f"{ours - theirs:+.2f}")
            for (backend, model, beam), ours in found.items()
            if backend == OURS
            for theirs in [found[THEIRS, model, beam]]
        ),
    )


def throughput(asked: Asked) -> None:
    """Seconds of audio for each second of work, and how many times the peer's."""
    long = asked.joined(0)
    print(f"{long.duration / 60:.0f} minutes in one file, batch 16, int8, beam 1, 2 threads:\n")
    _compare([long], asked)
    found = datasets.load(str(asked.data / "librispeech"), asked.folder)
    short = datasets.choose(found, Choice("en", (), asked.sample or SHORT))
    minutes = sum(one.duration for one in short) / 60
    print(f"{len(short)} utterances given at once, {minutes:.0f} minutes:\n")
    _compare(short, asked)


def _compare(utterances: Sequence[Utterance], asked: Asked) -> None:
    grid = [
        Configuration(backend, model, beam_size=1, threads=2)
        for model in ("tiny.en", "base")
        for backend in (OURS, THEIRS)
    ]
    found = measured(grid, utterances, asked.folder, asked.repeats)
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
            for row in found.rows
            for ratio in [found.ratio(row)]
        ),
    )


def memory(asked: Asked) -> None:
    """The most resident memory, for ten minutes and for three hours (the same over and over)."""
    peaks: dict[tuple[str, float], str] = {}
    one = Configuration(OURS, "tiny.en", beam_size=1, threads=2)
    for seconds in (TEN_MINUTES, THREE_HOURS):
        long = asked.joined(seconds)
        for backend in (OURS, THEIRS):
            if (backend, seconds) != (THEIRS, THREE_HOURS):
                row = measured([_of(one, backend)], [long], asked.folder).rows[0]
                peaks[backend, seconds] = _megabytes(row)
        long.audio.unlink()
    print("Peak memory, MB (tiny.en, batch 16, int8, beam 1, 2 threads):\n")
    table(
        ("", "10 minutes", "3 hours"),
        *((b, peaks[b, TEN_MINUTES], peaks.get((b, THREE_HOURS), "")) for b in (OURS, THEIRS)),
    )


def nonspeech(asked: Asked) -> None:
    """Characters of text where nobody speaks."""
    chosen = asked.recordings("nonspeech", None)
    grid = [
        Configuration(backend, model)
        for model in ("tiny.en", "base")
        for backend in (OURS, THEIRS, UNBATCHED)
    ]
    found = {
        (row.configuration.backend, row.configuration.model): sum(len(t) for t in row.texts)
        for row in measured(grid, chosen, asked.folder).rows
    }
    print(f"Characters invented in {len(chosen)} recordings without speech, beam 5:\n")
    table(
        ("model", "ours", "BatchedInferencePipeline", "WhisperModel.transcribe"),
        *(
            (model, *(found[backend, model] for backend in (OURS, THEIRS, UNBATCHED)))
            for model in ("tiny.en", "base")
        ),
    )


def startup(asked: Asked) -> None:
    """Seconds for importing the package, and for asking the command line for help."""
    clock = "import time; t = time.perf_counter(); import unispeech; print(time.perf_counter() - t)"
    imports = [float(_output(["-c", clock])) for _ in range(STARTS)]
    helps = []
    for _ in range(STARTS):
        began = time.perf_counter()
        _output(["-m", "unispeech", "--help"])
        helps.append(time.perf_counter() - began)
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


def _of(one: Configuration, backend: str) -> Configuration:
    return Configuration(backend, one.model, beam_size=one.beam_size, threads=one.threads)


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
    given = parser.parse_intermixed_args()
    if unknown := set(given.figures) - set(FIGURES):
        parser.error(f"no figure {unknown.pop()!r}; there are {', '.join(FIGURES)}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in given.figures or FIGURES:
            FIGURES[name](Asked(given.data, folder, given.repeat, given.sample))


if __name__ == "__main__":
    main()

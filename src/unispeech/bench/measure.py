"""The worker process of one run: load, warm up, transcribe, report, exit.

The job is one JSON object on stdin. Events are JSON lines on the original stdout: `loaded`,
`started`, `file` for each recording, `done` or `failed`. What libraries print goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from unispeech.bench import peers, profiling, resources
from unispeech.bench.configuration import Configuration
from unispeech.engine.engine import Engine
from unispeech.environments.worker import end_with
from unispeech.errors import UnispeechError
from unispeech.models import store
from unispeech.system import allocator
from unispeech.types import Segment, Transcript

Emit = Callable[..., None]
"""Write an event: its name, and its fields by keyword."""


@dataclass(frozen=True, slots=True)
class Task:
    """One recording to transcribe."""

    id: str
    audio: Path
    language: str | None
    set: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The transcript of a recording, or the error."""

    task: Task
    text: str = ""
    words: tuple[tuple[str, float, float], ...] = ()
    error: str = ""


class BackendSubject:
    """A backend in an engine. Recordings of one dataset and language share its batches."""

    def __init__(self, configuration: Configuration) -> None:
        self.engine = Engine.of(configuration.settled())

    def run(self, tasks: Sequence[Task], on_first: Callable[[], None]) -> Iterator[Outcome]:
        for set, language in dict.fromkeys((task.set, task.language) for task in tasks):
            group = [task for task in tasks if (task.set, task.language) == (set, language)]
            results = self.engine.transcribe_many(
                (task.audio for task in group),
                on_segment=lambda segment: on_first(),
                language=language,
            )
            for task, result in zip(group, results, strict=True):
                yield _outcome(task, result)


def _outcome(task: Task, result: Transcript | UnispeechError) -> Outcome:
    if not isinstance(result, Transcript):
        return Outcome(task, error=str(result))
    return Outcome(task, result.text, tuple(_words(result.segments)))


def _words(segments: Sequence[Segment]) -> Iterator[tuple[str, float, float]]:
    for segment in segments:
        for word in segment.words:
            yield word.word, word.start, word.end


class PeerSubject:
    """A peer, which transcribes one recording after the other."""

    def __init__(self, configuration: Configuration) -> None:
        peer = peers.find(configuration.backend)
        weights = store.obtain(configuration.model, peer.model_format)
        self.peer = peer.load(weights, configuration)
        self.facts = store.describe(configuration.model)

    def run(self, tasks: Sequence[Task], on_first: Callable[[], None]) -> Iterator[Outcome]:
        for task in tasks:
            texts: list[str] = []
            words: list[tuple[str, float, float]] = []
            try:
                if task.language is not None:
                    self.facts.language(task.language)
                for text, timed in self.peer.transcribe(task.audio, task.language):
                    on_first()
                    texts.append(text)
                    words += timed
                yield Outcome(task, "".join(texts).strip(), tuple(words))
            except Exception as error:  # whatever the library raises; go on with the next task
                yield Outcome(task, error=f"{type(error).__name__}: {error}")


def measure(
    configuration: Configuration, tasks: Sequence[Task], warm_up: Task, emit: Emit, profiled: bool
) -> None:
    """Do one run and emit its events."""
    began = time.perf_counter()
    kind = PeerSubject if configuration.is_peer else BackendSubject
    subject = kind(configuration)
    loaded = time.perf_counter() - began
    emit("loaded", seconds=loaded, versions=versions())
    for _ in subject.run([warm_up], lambda: None):
        pass
    first_segments: list[float] = []

    def on_first() -> None:
        if not first_segments:
            first_segments.append(time.perf_counter() - started)

    emit("started")
    profile = profiling.Profile() if profiled else None
    energy, cpu = resources.Energy(), resources.cpu_seconds()
    started = time.perf_counter()
    outcomes: list[tuple[Outcome, float]] = []
    for outcome in subject.run(tasks, on_first):
        outcomes.append((outcome, time.perf_counter() - started))
        emit("file", id=outcome.task.id)
    wall = time.perf_counter() - started
    stages = profile.stop() if profile else {}
    emit(
        "done",
        load=loaded,
        wall=wall,
        first_segment=first_segments[0] if first_segments else None,
        cpu=resources.cpu_seconds() - cpu,
        energy=energy.joules(),
        own_peak=resources.own_peak(),
        stages=stages,
        files=[
            {"id": o.task.id, "text": o.text, "words": o.words, "error": o.error, "at": at}
            for o, at in outcomes
        ],
    )


def versions() -> dict[str, str]:
    """Return the version of every distribution that this process has imported."""
    owners = metadata.packages_distributions()
    loaded = {name.partition(".")[0] for name in list(sys.modules)}
    names = {owner for module in loaded for owner in owners.get(module, ())}
    return {name: metadata.version(name) for name in sorted(names, key=str.casefold)}


def main() -> int:
    """Read the job and measure it; emit a one-line reason if that fails."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)

    def emit(event: str, **fields: Any) -> None:
        out.write(json.dumps({"event": event, **fields}) + "\n")

    job = json.load(sys.stdin)
    end_with(job["host"])
    configuration = Configuration(**job["configuration"])
    if not configuration.is_peer:  # peers are measured without our settings of the allocator
        allocator.tune()
    resources.pin(configuration.threads)
    tasks = [Task(t["id"], Path(t["audio"]), t["language"], t["set"]) for t in job["tasks"]]
    try:
        measure(configuration, tasks[1:], tasks[0], emit, job["profile"])
    except Exception as error:  # any failure becomes the reason in a row of the results
        emit("failed", reason=_reason(error))
        return 1
    return 0


def _reason(error: Exception) -> str:
    if isinstance(error, UnispeechError):
        return str(error)
    if isinstance(error, MemoryError):
        return "out of memory"
    traceback.print_exception(error)
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


if __name__ == "__main__":
    sys.exit(main())

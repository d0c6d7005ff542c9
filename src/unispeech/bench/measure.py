"""The process that measures one configuration once: load, warm up, transcribe, report, leave.

The job comes as one JSON object on stdin; news goes out as JSON lines on what was stdout (a library
that prints is sent to stderr): `loaded`, `started`, `file` for each recording, `done` or `failed`.
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

Say = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Task:
    """One recording to transcribe."""

    id: str
    audio: Path
    language: str | None
    set: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was heard in it, or why nothing was."""

    task: Task
    text: str = ""
    words: tuple[tuple[str, float, float], ...] = ()
    error: str = ""


class Ours:
    """An engine; all recordings of one set and language share its batches."""

    def __init__(self, one: Configuration) -> None:
        self.engine = Engine.of(one.settled())

    def run(self, tasks: Sequence[Task], first: Callable[[], None]) -> Iterator[Answer]:
        for set, language in dict.fromkeys((task.set, task.language) for task in tasks):
            group = [task for task in tasks if (task.set, task.language) == (set, language)]
            results = self.engine.transcribe_many(
                (task.audio for task in group),
                on_segment=lambda segment: first(),
                language=language,
            )
            for task, result in zip(group, results, strict=True):
                yield _answer(task, result)


def _answer(task: Task, result: Transcript | UnispeechError) -> Answer:
    if not isinstance(result, Transcript):
        return Answer(task, error=str(result))
    return Answer(task, result.text, tuple(_words(result.segments)))


def _words(segments: Sequence[Segment]) -> Iterator[tuple[str, float, float]]:
    for segment in segments:
        for word in segment.words:
            yield word.word, word.start, word.end


class Theirs:
    """A peer: one recording after the other."""

    def __init__(self, one: Configuration) -> None:
        peer = peers.find(one.backend)
        self.peer = peer.load(store.obtain(one.model, peer.model_format), one)
        self.facts = store.describe(one.model)

    def run(self, tasks: Sequence[Task], first: Callable[[], None]) -> Iterator[Answer]:
        for task in tasks:
            texts: list[str] = []
            words: list[tuple[str, float, float]] = []
            try:
                if task.language is not None:
                    self.facts.language(task.language)
                for text, timed in self.peer.transcribe(task.audio, task.language):
                    first()
                    texts.append(text)
                    words += timed
                yield Answer(task, "".join(texts).strip(), tuple(words))
            except Exception as error:  # a library may raise anything; the next file still counts
                yield Answer(task, error=f"{type(error).__name__}: {error}")


def measure(
    one: Configuration, tasks: Sequence[Task], warm_up: Task, say: Say, profiled: bool
) -> None:
    """Do the work of one run and tell how it goes."""
    began = time.perf_counter()
    subject = Theirs(one) if one.is_peer else Ours(one)
    loaded = time.perf_counter() - began
    say("loaded", seconds=loaded, versions=versions())
    for _ in subject.run([warm_up], lambda: None):
        pass
    firsts: list[float] = []

    def first() -> None:
        if not firsts:
            firsts.append(time.perf_counter() - started)

    say("started")
    profile = profiling.Profile() if profiled else None
    energy, cpu = resources.Energy(), resources.cpu_seconds()
    started = time.perf_counter()
    answers: list[tuple[Answer, float]] = []
    for answer in subject.run(tasks, first):
        answers.append((answer, time.perf_counter() - started))
        say("file", id=answer.task.id)
    wall = time.perf_counter() - started
    found = profile.stop() if profile else {}
    say(
        "done",
        load=loaded,
        wall=wall,
        first_segment=firsts[0] if firsts else None,
        cpu=resources.cpu_seconds() - cpu,
        energy=energy.joules(),
        own_peak=resources.own_peak(),
        stages=found,
        files=[
            {"id": a.task.id, "text": a.text, "words": a.words, "error": a.error, "at": at}
            for a, at in answers
        ],
    )


def versions() -> dict[str, str]:
    """Every installed distribution whose package this process has imported."""
    owners = metadata.packages_distributions()
    loaded = {name.partition(".")[0] for name in list(sys.modules)}
    names = {owner for module in loaded for owner in owners.get(module, ())}
    return {name: metadata.version(name) for name in sorted(names, key=str.casefold)}


def main() -> int:
    """Read the job, measure, and say what went wrong in one line where something did."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)

    def say(event: str, **news: Any) -> None:
        out.write(json.dumps({"event": event, **news}) + "\n")

    job = json.load(sys.stdin)
    end_with(job["host"])
    one = Configuration(**job["configuration"])
    if not one.is_peer:  # which is measured as its own users have it
        allocator.tune()
    resources.pin(one.threads)
    tasks = [Task(t["id"], Path(t["audio"]), t["language"], t["set"]) for t in job["tasks"]]
    try:
        measure(one, tasks[1:], tasks[0], say, job["profile"])
    except Exception as error:  # a row that says so, whatever it was
        say("failed", reason=_reason(error))
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

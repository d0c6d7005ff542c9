"""Run every configuration in fresh processes, one at a time, in rounds, and keep each run.

The rounds interleave (A B C, A B C, ...): a machine that grows warm or busy slows all of them.
A run is one process and one file of the output folder; one that is there is not measured again.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from unispeech.bench import gpu
from unispeech.bench.configuration import Configuration
from unispeech.bench.grid import objection
from unispeech.bench.resources import TreePeak
from unispeech.bench.utterances import Utterance
from unispeech.system.files import write_whole
from unispeech.version import __version__


@dataclass(frozen=True, slots=True)
class Step:
    """How far a benchmark is: run `number` of `total`, and inside it `file` of `files`."""

    number: int
    total: int
    configuration: Configuration
    stage: str
    """`load`, `transcribe`, `done`, `failed`, or `kept` where an earlier call has measured it."""
    file: int = 0
    files: int = 0
    reason: str = ""


OnStep = Callable[[Step], None]


@dataclass(frozen=True)
class Plan:
    """What is to be measured, on what, how often, and where the runs are kept."""

    configurations: Sequence[Configuration]
    utterances: Sequence[Utterance]
    warm_up: Utterance
    repeats: int
    folder: Path
    timeout: float = 0.0
    """Seconds after which a run has failed; 0 waits for ever."""
    profile: bool = False
    """Also tell where the time goes."""

    @cached_property
    def data_key(self) -> str:
        text = json.dumps([(u.id, u.duration, u.language) for u in self.utterances])
        return hashlib.sha256(f"{__version__}{text}{self.profile}".encode()).hexdigest()[:8]

    def path(self, one: Configuration, repeat: int) -> Path:
        return self.folder / "runs" / f"{one.key}-{self.data_key}-{repeat}.json"


def run(plan: Plan, on_step: OnStep) -> None:
    """Measure whatever is not measured yet, and again what failed in an earlier call: what was in
    its way may be gone. Stopping it loses only the run that is going on."""
    (plan.folder / "runs").mkdir(parents=True, exist_ok=True)
    hopeless: set[str] = set()
    total = len(plan.configurations) * plan.repeats
    rounds = itertools.product(range(plan.repeats), plan.configurations)
    for number, (repeat, one) in enumerate(rounds, 1):
        if one.key in hopeless:
            continue
        path = plan.path(one, repeat)
        record = _read(path) if path.exists() else {"status": "missing"}
        stage = "kept"
        if record["status"] != "done":
            step = Step(number, total, one, "load", files=len(plan.utterances))
            record = _measure(plan, step, on_step) | {"repeat": repeat}
            write_whole(path, json.dumps(record))
            stage = record["status"]
        if record["status"] == "failed":
            hopeless.add(one.key)
        on_step(Step(number, total, one, stage, reason=record.get("reason", "")))


def kept(plan: Plan) -> int:
    """How many runs of the plan will not be measured again."""
    return sum(record["status"] == "done" for record in records(plan))


def records(plan: Plan) -> Iterator[dict[str, Any]]:
    """Every run of the plan that there is, in the plan's order."""
    for one, repeat in itertools.product(plan.configurations, range(plan.repeats)):
        if plan.path(one, repeat).exists():
            yield _read(plan.path(one, repeat))


def _read(path: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def _measure(plan: Plan, step: Step, on_step: OnStep) -> dict[str, Any]:
    """One run in one fresh process: its record, whether it went well or not."""
    one = step.configuration
    record: dict[str, Any] = {
        "configuration": asdict(one),
        "began": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "status": "failed",
    }
    if reason := objection(one, {u.language for u in plan.utterances}):
        return record | {"reason": reason}
    on_step(step)
    began = time.perf_counter()
    log = plan.folder / "runs" / f"{one.key}.log"
    with (
        log.open("w", encoding="utf-8") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", "unispeech.bench.measure"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        ) as worker,
    ):
        cards = gpu.Watch()
        memory = TreePeak(worker.pid)
        alarm = threading.Timer(plan.timeout or threading.TIMEOUT_MAX, _kill, [worker])
        alarm.daemon = True
        alarm.start()
        try:
            record |= _listen(worker, _job(plan, one), step, on_step)
        finally:
            alarm.cancel()
            memory.stop()
            cards.stop()
            _kill(worker)
    record |= {"gpu_peak": cards.peak, "gpu_load": cards.load}
    record["took"] = time.perf_counter() - began
    record["peak"] = max(memory.peak, record.pop("own_peak", None) or 0)
    if record["status"] == "failed" and "reason" not in record:
        record["reason"] = _death(worker.returncode, memory, log, plan.timeout)
    return record


def _job(plan: Plan, one: Configuration) -> str:
    tasks = [
        {"id": u.id, "audio": str(u.audio.resolve()), "language": u.language, "set": u.set}
        for u in (plan.warm_up, *plan.utterances)
    ]
    return json.dumps(
        {
            "configuration": asdict(one),
            "tasks": tasks,
            "profile": plan.profile,
            "host": os.getpid(),
        }
    )


def _listen(worker: subprocess.Popen[str], job: str, step: Step, on_step: OnStep) -> dict[str, Any]:
    """What the worker says until it is done: the fields of a run's record."""
    assert worker.stdin is not None and worker.stdout is not None
    heard: dict[str, Any] = {}
    try:
        with worker.stdin as pipe:
            pipe.write(job)
    except BrokenPipeError:  # it has died already; its end says why
        return heard
    for line in worker.stdout:
        if not line.endswith("\n"):  # killed in the middle of it
            break
        news = json.loads(line)
        event = news.pop("event")
        if event in ("file", "started"):
            step = replace(step, stage="transcribe", file=step.file + (event == "file"))
            on_step(step)
        elif event == "loaded":
            heard["versions"] = news["versions"]
        else:
            heard |= news | {"status": event}
    worker.wait()
    return heard


def _kill(worker: subprocess.Popen[str]) -> None:
    """The worker and what it has started."""
    if worker.poll() is None:
        try:
            os.killpg(worker.pid, signal.SIGKILL)
        except (AttributeError, ProcessLookupError, PermissionError):
            worker.kill()


def _death(code: int, memory: TreePeak, log: Path, timeout: float) -> str:
    """Why a worker that said nothing is gone."""
    held = f"it held {memory.last / 1e9:.1f} GB"
    if code == -signal.SIGKILL:
        if timeout:
            return f"killed, after {timeout:g} s at the latest; {held}"
        return f"killed by the system, probably for want of memory; {held}"
    if code < 0:
        return f"crashed ({signal.Signals(-code).name}); {held}; see {log}"
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"ended with code {code}: {lines[-1] if lines else 'nothing was said'}"

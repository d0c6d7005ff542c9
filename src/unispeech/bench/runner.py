"""Run every configuration in fresh processes, one at a time, in rounds, and keep each run.

The rounds interleave (A B C, A B C, ...): a machine that grows warm or busy slows all of them.
A run is one process and one file of the output folder; one that is there is not measured again.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from unispeech.bench import gpu
from unispeech.bench.datasets import Utterance
from unispeech.bench.meters import TreePeak
from unispeech.bench.plan import Configuration, objection
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


@dataclass(frozen=True, slots=True)
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
    data_key: str = field(init=False, default="")

    def __post_init__(self) -> None:
        text = json.dumps([(u.id, u.duration, u.language) for u in self.utterances])
        key = hashlib.sha256(f"{__version__}{text}{self.profile}".encode()).hexdigest()[:8]
        object.__setattr__(self, "data_key", key)

    def path(self, one: Configuration, repeat: int) -> Path:
        return self.folder / "runs" / f"{one.key}-{self.data_key}-{repeat}.json"


def run(plan: Plan, on_step: OnStep) -> None:
    """Measure whatever is not measured yet, and again what failed in an earlier call: what was in
    its way may be gone. Stopping it loses only the run that is going on."""
    (plan.folder / "runs").mkdir(parents=True, exist_ok=True)
    hopeless: set[str] = set()
    total = len(plan.configurations) * plan.repeats
    for number, (repeat, one) in enumerate(_rounds(plan), 1):
        if one.key in hopeless:
            continue
        path = plan.path(one, repeat)
        record = _kept(path)
        stage = "kept"
        if record["status"] != "done":
            watch = _Watch(on_step, number, total, one, len(plan.utterances))
            record = _measure(plan, one, watch) | {"repeat": repeat}
            _keep(path, record)
            stage = record["status"]
        if record["status"] == "failed":
            hopeless.add(one.key)
        on_step(Step(number, total, one, stage, reason=record.get("reason", "")))


def _rounds(plan: Plan) -> Iterator[tuple[int, Configuration]]:
    for repeat in range(plan.repeats):
        for one in plan.configurations:
            yield repeat, one


def kept(plan: Plan) -> int:
    """How many runs of the plan will not be measured again."""
    return sum(record["status"] == "done" for record in records(plan))


def records(plan: Plan) -> Iterator[dict[str, Any]]:
    """Every run of the plan that there is, in the plan's order."""
    for one in plan.configurations:
        for repeat in range(plan.repeats):
            if plan.path(one, repeat).exists():
                yield json.loads(plan.path(one, repeat).read_text(encoding="utf-8"))


def _kept(path: Path) -> dict[str, Any]:
    """The record of a run that is there already; one without a result where there is none."""
    if not path.exists():
        return {"status": "missing"}
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def _keep(path: Path, record: dict[str, Any]) -> None:
    half = path.with_suffix(".part")
    half.write_text(json.dumps(record), encoding="utf-8")
    half.replace(path)


@dataclass(slots=True)
class _Watch:
    """Turns the news of one run into steps."""

    on_step: OnStep
    number: int
    total: int
    one: Configuration
    files: int
    file: int = 0

    def heard(self, event: str) -> None:
        self.file += event == "file"
        stage = "load" if event == "loading" else "transcribe"
        self.on_step(Step(self.number, self.total, self.one, stage, self.file, self.files))


def _measure(plan: Plan, one: Configuration, watch: _Watch) -> dict[str, Any]:
    """One run in one fresh process: its record, whether it went well or not."""
    record: dict[str, Any] = {
        "configuration": asdict(one),
        "began": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "status": "failed",
    }
    if reason := objection(one, {u.language for u in plan.utterances}):
        return record | {"reason": reason}
    watch.heard("loading")
    began = time.perf_counter()
    log = plan.folder / "runs" / f"{one.key}.log"
    with log.open("w", encoding="utf-8") as stderr:
        worker = subprocess.Popen(
            [sys.executable, "-m", "unispeech.bench.measure"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
    cards = gpu.Watch()
    memory = TreePeak(worker.pid)
    alarm = _alarm(worker, plan.timeout)
    try:
        record |= _listen(worker, _job(plan, one), watch)
    finally:
        if alarm is not None:
            alarm.cancel()
        memory.stop()
        cards.stop()
        _end(worker)
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


def _listen(worker: subprocess.Popen[str], job: str, watch: _Watch) -> dict[str, Any]:
    """What the worker says until it is done: the fields of a run's record."""
    assert worker.stdin is not None and worker.stdout is not None
    heard: dict[str, Any] = {}
    try:
        worker.stdin.write(job)
        worker.stdin.close()
    except BrokenPipeError:  # it has died already; its end says why
        return heard
    for line in worker.stdout:
        if not line.endswith("\n"):  # killed in the middle of it
            break
        news = json.loads(line)
        event = news.pop("event")
        if event in ("file", "started"):
            watch.heard(event)
        elif event == "loaded":
            heard["versions"] = news["versions"]
        else:
            heard |= news | {"status": event}
    worker.wait()
    return heard


def _alarm(worker: subprocess.Popen[str], seconds: float) -> Any:
    import threading

    if not seconds:
        return None
    timer = threading.Timer(seconds, lambda: _kill(worker))
    timer.daemon = True
    timer.start()
    return timer


def _kill(worker: subprocess.Popen[str]) -> None:
    """The worker and what it has started."""
    if worker.poll() is None:
        try:
            os.killpg(worker.pid, signal.SIGKILL)
        except (AttributeError, ProcessLookupError, PermissionError):
            worker.kill()


def _end(worker: subprocess.Popen[str]) -> None:
    """Leave nothing running."""
    _kill(worker)
    worker.wait()
    if worker.stdout is not None:
        worker.stdout.close()


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

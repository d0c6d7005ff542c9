"""Runs of a benchmark: one process and one file in the output folder for each.

Runs are interleaved in rounds (A B C, A B C, ...), so that a machine that gets warm or busy slows
all configurations. A run whose file exists is not repeated.
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
from unispeech.bench.grid import refusal
from unispeech.bench.resources import TreePeak
from unispeech.bench.utterances import Utterance
from unispeech.system.files import write_whole
from unispeech.version import __version__


@dataclass(frozen=True, slots=True)
class Step:
    """The progress of a benchmark: run `number` of `total`, and in it `file` of `files`."""

    number: int
    total: int
    configuration: Configuration
    stage: str
    """`load`, `transcribe`, `done`, `failed`, or `reused`: finished by an earlier call."""
    file: int = 0
    files: int = 0
    reason: str = ""


OnStep = Callable[[Step], None]


@dataclass(frozen=True)
class Plan:
    """The configurations, the recordings, the number of rounds, and the folder of the runs."""

    configurations: Sequence[Configuration]
    utterances: Sequence[Utterance]
    warm_up: Utterance
    repeats: int
    folder: Path
    timeout: float = 0.0
    """The time limit of a run, in seconds; 0 is none."""
    profile: bool = False
    """Also measure the time of each stage."""

    @cached_property
    def data_key(self) -> str:
        """A hash of the recordings, the version and the profiling, for the names of runs."""
        text = json.dumps([(u.id, u.duration, u.language) for u in self.utterances])
        return hashlib.sha256(f"{__version__}{text}{self.profile}".encode()).hexdigest()[:8]

    def path(self, configuration: Configuration, repeat: int) -> Path:
        return self.folder / "runs" / f"{configuration.key}-{self.data_key}-{repeat}.json"


def run(plan: Plan, on_step: OnStep) -> None:
    """Do the runs that are missing, or that failed in an earlier call.

    A configuration that fails is not tried again in later rounds. An interrupt loses only the
    current run.
    """
    (plan.folder / "runs").mkdir(parents=True, exist_ok=True)
    failed: set[str] = set()
    total = len(plan.configurations) * plan.repeats
    rounds = itertools.product(range(plan.repeats), plan.configurations)
    for number, (repeat, configuration) in enumerate(rounds, 1):
        if configuration.key in failed:
            continue
        path = plan.path(configuration, repeat)
        record = _read(path) if path.exists() else {"status": "missing"}
        stage = "reused"
        if record["status"] != "done":
            step = Step(number, total, configuration, "load", files=len(plan.utterances))
            record = _measure(plan, step, on_step) | {"repeat": repeat}
            write_whole(path, json.dumps(record))
            stage = record["status"]
        if record["status"] == "failed":
            failed.add(configuration.key)
        on_step(Step(number, total, configuration, stage, reason=record.get("reason", "")))


def count_finished(plan: Plan) -> int:
    """Return the number of runs that need not be repeated."""
    return sum(record["status"] == "done" for record in records(plan))


def discard(plan: Plan) -> None:
    """Delete the runs of the plan."""
    for configuration, repeat in itertools.product(plan.configurations, range(plan.repeats)):
        plan.path(configuration, repeat).unlink(missing_ok=True)


def records(plan: Plan) -> Iterator[dict[str, Any]]:
    """Yield the records of the existing runs, in the order of the plan."""
    for configuration, repeat in itertools.product(plan.configurations, range(plan.repeats)):
        if plan.path(configuration, repeat).exists():
            yield _read(plan.path(configuration, repeat))


def _read(path: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def _measure(plan: Plan, step: Step, on_step: OnStep) -> dict[str, Any]:
    """Do one run in a new process and return its record, finished or failed."""
    configuration = step.configuration
    record: dict[str, Any] = {
        "configuration": asdict(configuration),
        "began": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "status": "failed",
    }
    if error := refusal(configuration, {u.language for u in plan.utterances}):
        return record | {"reason": str(error)}
    on_step(step)
    began = time.perf_counter()
    log = plan.folder / "runs" / f"{configuration.key}.log"
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
        gpus = gpu.Watch()
        memory = TreePeak(worker.pid)
        alarm = threading.Timer(plan.timeout or threading.TIMEOUT_MAX, _kill, [worker])
        alarm.daemon = True
        alarm.start()
        try:
            record |= _read_events(worker, _job(plan, configuration), step, on_step)
        finally:
            alarm.cancel()
            memory.stop()
            gpus.stop()
            _kill(worker)
    record |= {"gpu_peak": gpus.peak, "gpu_load": gpus.load}
    record["took"] = time.perf_counter() - began
    record["peak"] = max(memory.peak, record.pop("own_peak", None) or 0)
    if record["status"] == "failed" and "reason" not in record:
        record["reason"] = _exit_reason(worker.returncode, memory, log, plan.timeout)
    return record


def _job(plan: Plan, configuration: Configuration) -> str:
    tasks = [
        {"id": u.id, "audio": str(u.audio.resolve()), "language": u.language, "set": u.set}
        for u in (plan.warm_up, *plan.utterances)
    ]
    return json.dumps(
        {
            "configuration": asdict(configuration),
            "tasks": tasks,
            "profile": plan.profile,
            "host": os.getpid(),
        }
    )


def _read_events(
    worker: subprocess.Popen[str], job: str, step: Step, on_step: OnStep
) -> dict[str, Any]:
    """Send the job, follow the worker's events to its end, and return the fields of the record."""
    assert worker.stdin is not None and worker.stdout is not None
    fields: dict[str, Any] = {}
    try:
        with worker.stdin as pipe:
            pipe.write(job)
    except BrokenPipeError:  # the worker is dead; its exit code tells why
        return fields
    for line in worker.stdout:
        if not line.endswith("\n"):  # killed while writing it
            break
        message = json.loads(line)
        event = message.pop("event")
        if event in ("file", "started"):
            step = replace(step, stage="transcribe", file=step.file + (event == "file"))
            on_step(step)
        elif event == "loaded":
            fields["versions"] = message["versions"]
        else:
            fields |= message | {"status": event}
    worker.wait()
    return fields


def _kill(worker: subprocess.Popen[str]) -> None:
    """Kill the worker and its descendants."""
    if worker.poll() is None:
        try:
            os.killpg(worker.pid, signal.SIGKILL)
        except (AttributeError, ProcessLookupError, PermissionError):
            worker.kill()


def _exit_reason(code: int, memory: TreePeak, log: Path, timeout: float) -> str:
    """Explain the end of a worker that reported no reason."""
    usage = f"it used {memory.last / 1e9:.1f} GB of memory"
    if code == -signal.SIGKILL:
        if timeout:
            return f"killed, at the latest by the timeout of {timeout:g} s; {usage}"
        return f"killed by the system, probably out of memory; {usage}"
    if code < 0:
        return f"crashed ({signal.Signals(-code).name}); {usage}; see {log}"
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"exited with code {code}: {lines[-1] if lines else 'no output'}"

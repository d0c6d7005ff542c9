"""Installation of environments: `python -m venv`, then pip with the pins of the lock."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from unispeech.environments import folders
from unispeech.environments.catalog import Lock
from unispeech.environments.folders import Environment
from unispeech.environments.worker_process import environ
from unispeech.errors import BackendError
from unispeech.types import Progress

OnProgress = Callable[[Progress], None]

LAST_LINES = 3
RESOLVED = re.compile(r"^(?:Collecting|Processing|Requirement already satisfied:) ")


def install(lock: Lock, on_progress: OnProgress = lambda progress: None) -> Environment:
    """Return the environment of a lock, installing it if needed; older versions are deleted.

    Safe to call from several processes: one installs, the others wait. A killed installation leaves
    an incomplete folder, which is ignored and cleared by the next installation.

    Raises:
        BackendError: pip failed (the message ends with its last lines), or the disk is full.
    """
    if environment := folders.installed(lock):
        return environment
    with folders.locked(lock.name, lambda: on_progress(Progress(0, None, lock.name, "queue"))):
        if environment := folders.installed(lock):
            return environment
        folders.remove(lock.name)
        folder = folders.folder_of(lock)
        try:
            _fill(lock, folder, on_progress)
            return folders.mark_complete(lock, folder)
        except BaseException:
            folders.remove(lock.name)
            raise


def _fill(lock: Lock, folder: Path, on_progress: OnProgress) -> None:
    def report(stage: str, done: int) -> None:
        on_progress(Progress(done, len(lock.requirements) + 1, lock.name, stage))

    report("making", 0)
    _run(lock.name, [sys.executable, "-m", "venv", str(folder)])
    python = folders.interpreter(folder)
    together = [line for line in lock.requirements if line not in lock.alone]
    count = 0
    for line in _pip(lock.name, python, together):
        if RESOLVED.match(line):
            count = min(count + 1, len(together))
            report("downloading", count)
        elif line.startswith("Installing collected packages"):
            report("installing", count)
    if lock.alone:
        for _ in _pip(lock.name, python, lock.alone, "--no-deps"):
            pass
    report("checking", len(lock.requirements))
    if problem := check(python, lock):
        raise BackendError(f"{lock.name}: {problem}")
    report("checking", len(lock.requirements) + 1)


def check(python: Path, lock: Lock) -> str:
    """Return the problem of an environment, or an empty string: all its modules must import.

    Each import runs in a new interpreter, since a broken library may crash it.
    """
    for module in lock.imports:
        done = subprocess.run(
            [str(python), "-P", "-c", f"import {module}"],
            capture_output=True,
            text=True,
            env=environ(python),
            check=False,
        )
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            return f"{module} does not import: {lines[-1] if lines else done.returncode}"
    return ""


def _pip(name: str, python: Path, requirements: Sequence[str], *flags: str) -> Iterator[str]:
    """Run pip with the user's settings, and yield the lines of its output."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text("\n".join(requirements) + "\n", encoding="utf-8")
        command = [
            str(python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check",
            "--progress-bar", "off", *flags, "-r", str(file),
        ]  # fmt: skip
        yield from _lines(name, command, python)


def _run(name: str, command: Sequence[str]) -> None:
    for _ in _lines(name, command, Path(sys.executable)):
        pass


def _lines(name: str, command: Sequence[str], python: Path) -> Iterator[str]:
    last_lines: deque[str] = deque(maxlen=LAST_LINES)
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environ(python),
    ) as process:
        try:
            for line in process.stdout or ():
                if line.strip() and not line.startswith("WARNING:"):
                    last_lines.append(line.strip())
                yield line
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        reason = " / ".join(last_lines) or f"exit code {process.returncode}"
        raise BackendError(
            f"installing {name} failed: {reason}",
            "check that pip can reach the package index and that the disk has space",
        )

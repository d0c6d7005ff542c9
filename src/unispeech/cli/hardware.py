"""The processor, memory and GPU of this machine, as far as they decide what suits it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from unispeech.system.cores import cores

TIMEOUT = 5.0
"""Seconds that the NVIDIA driver has to list the GPUs."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """The parts of a machine that matter for speech to text."""

    cores: int
    memory: int | None
    """Bytes; None if the system does not tell."""
    gpus: tuple[str, ...]
    """The names of NVIDIA GPUs."""

    def __str__(self) -> str:
        parts = [f"{self.cores} core{'' if self.cores == 1 else 's'}"]
        if self.memory:
            parts.append(f"{self.memory / 1e9:.0f} GB of memory")
        return ", ".join([*parts, *(self.gpus or ("no NVIDIA GPU",))])


def detect() -> Hardware:
    """Return the hardware of this machine; the cores are those this process may use."""
    return Hardware(cores(), _memory(), _gpus())


def _memory() -> int | None:
    if sys.platform == "win32":
        return None
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return None


def _gpus() -> tuple[str, ...]:
    command = shutil.which("nvidia-smi")
    if command is None:
        return ()
    try:
        listed = subprocess.run(
            [command, "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in listed.splitlines() if line.strip())

"""The machine, the version and the command of a benchmark."""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unispeech.bench import gpu
from unispeech.bench.utterances import Utterance
from unispeech.system.cores import cores
from unispeech.version import __version__


def facts(data: str, utterances: Sequence[Utterance], repeats: int) -> dict[str, Any]:
    """Return everything that the figures depend on, for results.json."""
    import psutil

    return {
        "data": data,
        "recordings": len(utterances),
        "audio_seconds": round(sum(u.duration for u in utterances), 3),
        "languages": sorted({u.language or "?" for u in utterances}),
        "repeats": repeats,
        "date": time.strftime("%Y-%m-%d %H:%M %Z"),
        "command": shlex.join(["unispeech", *sys.argv[1:]]),
        "unispeech": __version__,
        "commit": _commit(),
        "processor": processor(),
        "cores": cores(),
        "memory": psutil.virtual_memory().total,
        "gpus": gpu.names(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def _commit() -> str:
    """The commit of a checkout, with a + if files differ from it; empty if installed."""
    here = Path(__file__).resolve().parents[3]
    if not (here / ".git").exists():
        return ""
    git = ["git", "-C", str(here)]
    try:
        head, dirty = (
            subprocess.run([*git, *words], capture_output=True, text=True)
            for words in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain"))
        )
    except OSError:
        return ""
    return head.stdout.strip() + ("+" if dirty.stdout.strip() else "")


def processor() -> str:
    """Return the name of the processor."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()

"""The limit on malloc's arenas, in a process of its own: it cannot be taken back."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys

import pytest

MANY = """
import ctypes, sys, threading
from unispeech import arenas
if "limited" in sys.argv:
    arenas.limit()
together = threading.Barrier(40)
def hold():
    kept = [bytearray(50_000) for _ in range(20)]  # small enough to come from an arena
    together.wait()
    del kept
threads = [threading.Thread(target=hold) for _ in range(40)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ctypes.CDLL(None).malloc_stats()
"""


def arenas(*arguments: str) -> int:
    command = [sys.executable, "-c", MANY, *arguments]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return len(re.findall(r"^Arena \d+:", done.stderr, re.MULTILINE))


@pytest.mark.skipif(
    os.name != "posix" or not hasattr(ctypes.CDLL(None), "malloc_stats"), reason="not glibc"
)
def test_our_processes_have_an_arena_for_each_processor() -> None:
    assert arenas("limited") <= max(os.cpu_count() or 1, 2) < arenas()

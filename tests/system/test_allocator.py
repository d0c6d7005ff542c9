"""What malloc is told, in a process of its own: it cannot be taken back."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys

import pytest

MANY = """
import ctypes, sys, threading
from unispeech.system import allocator
if "tuned" in sys.argv:
    allocator.tune()
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
LARGE = """
import resource, sys
from unispeech.system import allocator
if "tuned" in sys.argv:
    allocator.tune()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    bytearray(72_000_000)  # attention over 30 seconds; malloc's own limit is 32 MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""
pytestmark = pytest.mark.skipif(
    os.name != "posix" or not hasattr(ctypes.CDLL(None), "malloc_stats"), reason="not glibc"
)


def said(script: str, *arguments: str) -> str:
    command = [sys.executable, "-c", script, *arguments]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=clean)
    return done.stdout + done.stderr


def test_our_processes_have_one_heap() -> None:
    def arenas(*arguments: str) -> int:
        return len(re.findall(r"^Arena \d+:", said(MANY, *arguments), re.MULTILINE))

    assert arenas("tuned") == 1 < arenas()


def test_our_processes_keep_what_large_tensors_are_made_of() -> None:
    assert int(said(LARGE, "tuned")) < 100 < int(said(LARGE))

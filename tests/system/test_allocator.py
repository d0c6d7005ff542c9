"""Settings of malloc. They cannot be undone, so each test runs a process of its own."""

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
barrier = threading.Barrier(40)
def hold():
    blocks = [bytearray(50_000) for _ in range(20)]  # small enough to come from an arena
    barrier.wait()
    del blocks
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


def output(script: str, *arguments: str) -> str:
    command = [sys.executable, "-c", script, *arguments]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    process = subprocess.run(command, capture_output=True, text=True, check=True, env=clean)
    return process.stdout + process.stderr


def test_tuned_processes_have_one_heap() -> None:
    def arenas(*arguments: str) -> int:
        return len(re.findall(r"^Arena \d+:", output(MANY, *arguments), re.MULTILINE))

    assert arenas("tuned") == 1 < arenas()


def test_tuned_processes_reuse_the_memory_of_large_tensors() -> None:
    assert int(output(LARGE, "tuned")) < 100 < int(output(LARGE))

"""Leaving the interpreter: no library's leftovers may crash a process whose work is done."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from support.samples import SAMPLES

FORGOTTEN = """
import gc, sys
from unispeech.engine.engine import Engine
engine = Engine("cpp", "tiny.en")
print(engine.transcribe(sys.argv[1]).text)
adapter = sys.modules.pop("unispeech.backends.cpp")
del engine
vars(adapter).clear()
gc.collect()
"""
ALL = """
import sys
from unispeech.engine.engine import Engine
engines = [Engine(name, "tiny.en", beam_size=1) for name in sys.argv[2:]]
for engine in engines:
    print(engine.transcribe(sys.argv[1]).text)
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, str(SAMPLES / "english.wav"), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.skipif(find_spec("_pywhispercpp") is None, reason="pywhispercpp is not installed")
def test_whisper_cpp_may_outlive_everything_that_knew_it() -> None:
    """It holds our log callback in a variable of C++, and lets it go after the interpreter has."""
    done = run(FORGOTTEN)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Good morning")


@pytest.mark.slow
def test_every_runtime_in_one_process_is_left_in_peace() -> None:
    names = ["faster", "cpp", "openai", "hf"]
    done = run(ALL, *names)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Good morning") == len(names)

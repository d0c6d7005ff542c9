"""Exit of the interpreter: no library may crash a process after its work is done."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from support.samples import SAMPLES

CLEARED = """
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
def test_whisper_cpp_survives_the_removal_of_its_adapter() -> None:
    """whisper.cpp keeps our log callback in a C++ variable, past the end of the interpreter."""
    process = run(CLEARED)
    assert process.returncode == 0, process.stderr
    assert process.stdout.startswith("Good morning")


@pytest.mark.slow
def test_a_process_with_every_runtime_exits_cleanly() -> None:
    names = ["faster", "cpp", "openai", "hf"]
    process = run(ALL, *names)
    assert process.returncode == 0, process.stderr
    assert process.stdout.count("Good morning") == len(names)

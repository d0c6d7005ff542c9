"""The meters of the benchmark on processes of known memory, time and energy."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from support.samples import SAMPLES
from unispeech.bench import profiling, resources

ALLOCATING = """
import subprocess, sys, time
held = bytearray(150_000_000)
if len(sys.argv) == 1:
    child = subprocess.Popen([sys.executable, "-c", {code!r}, "leaf"])
    child.wait()
else:
    time.sleep(1)
"""


def printed(code: str, *arguments: str) -> str:
    """Run code in a new process, without threads of other tests, and return its output."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_peak_memory_includes_children() -> None:
    code = ALLOCATING.format(code=ALLOCATING.format(code=""))
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        watch = resources.TreePeak(process.pid, interval=0.01)
        process.wait()
        watch.stop()
    assert 300e6 < watch.peak < 450e6


def test_own_peak_remains_after_memory_is_freed() -> None:
    code = (
        "from unispeech.bench import resources\n"
        "held = bytearray(300_000_000)\n"
        "del held\n"
        "print(resources.own_peak())"
    )
    assert 300e6 < int(printed(code)) < 450e6


def test_processor_time_excludes_sleep() -> None:
    code = (
        "import time\n"
        "from unispeech.bench import resources\n"
        "before, began = resources.cpu_seconds(), time.thread_time()\n"
        "time.sleep(1)\n"
        "while time.thread_time() - began < 0.3:\n"
        "    pass\n"
        "print(resources.cpu_seconds() - before)"
    )
    assert 0.25 < float(printed(code)) < 1.0


def test_energy_sums_packages_and_handles_counter_overflow(tmp_path: Path) -> None:
    """On a fake powercap folder: the real one needs root."""
    for zone, start in (("intel-rapl:0", 5_000_000), ("intel-rapl:1", 9_000_000)):
        (tmp_path / zone).mkdir()
        (tmp_path / zone / "energy_uj").write_text(str(start))
        (tmp_path / zone / "max_energy_range_uj").write_text("10000000")
    part = tmp_path / "intel-rapl:0:0"
    part.mkdir()
    (part / "energy_uj").write_text("1")
    energy = resources.Energy(tmp_path)
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text("7000000")
    (tmp_path / "intel-rapl:1" / "energy_uj").write_text("1000000")
    assert energy.joules() == pytest.approx(2.0 + 2.0)


def test_energy_without_counters_is_none(tmp_path: Path) -> None:
    assert resources.Energy(tmp_path).joules() is None


PROFILE = """
import json, time
import numpy as np
from unispeech.bench import profiling
from unispeech.options import VadOptions
from unispeech.stages import vad
blocks = [np.random.default_rng(0).normal(0, 0.1, 160_000).astype(np.float32)] * 6
began = time.perf_counter()
profile = profiling.Profile()
for _ in vad.detect(iter(blocks), VadOptions()):
    pass
stages = profile.stop()
print(json.dumps([stages, time.perf_counter() - began]))
"""


def test_a_profile_measures_the_stage_of_a_thread() -> None:
    """In a new process, where no thread of another test is in a stage."""
    stages, wall = json.loads(printed(PROFILE))
    assert set(stages) == {"vad"} and 0 < stages["vad"] <= wall


STAGES_OF_A_RUN = """
import json, sys, threading
from unispeech.bench import profiling

seen = set()

def watch(frame, event, arg):
    if event == "call" and frame.f_globals.get("__name__", "").startswith("unispeech."):
        seen.add(profiling.stage_of(frame))

threading.setprofile(watch)
sys.setprofile(watch)
from unispeech import Engine
with Engine("faster", "tiny.en", compute_type="default") as engine:
    engine.transcribe(sys.argv[1])
sys.setprofile(None)
ours = {stage for stage, _ in profiling.OURS}  # without bfloat16 the encoder's module says so
print(json.dumps([sorted(ours), sorted(seen - {""})]))
"""


def test_a_run_passes_through_every_stage() -> None:
    """Every call of a run is traced, so that a moved module cannot go unnoticed."""
    expected, stages = json.loads(printed(STAGES_OF_A_RUN, str(SAMPLES / "english.wav")))
    assert stages == expected


@pytest.mark.parametrize(
    ("module", "function"), [(module, name) for _, module, name in profiling.STAGES if module]
)
def test_profiled_modules_and_functions_exist(module: str, function: str) -> None:
    if find_spec(module.partition(".")[0]) is None:
        pytest.skip(f"{module} is not installed")
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None
    if function:
        assert f"def {function}(" in Path(spec.origin).read_text(encoding="utf-8")


@pytest.mark.skipif(not hasattr(__import__("os"), "sched_getaffinity"), reason="Linux only")
def test_pin_limits_the_processors() -> None:
    code = (
        "import os\n"
        "from unispeech.bench import resources\n"
        "resources.pin(1)\n"
        "print(len(os.sched_getaffinity(0)), os.environ['OMP_NUM_THREADS'])"
    )
    assert printed(code).split() == ["1", "1"]

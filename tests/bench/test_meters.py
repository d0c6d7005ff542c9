"""What the benchmark reads off the machine, against what is known."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from support.samples import SAMPLES
from unispeech.bench import profiling, resources

HUNGRY = """
import subprocess, sys, time
held = bytearray(150_000_000)
if len(sys.argv) == 1:
    child = subprocess.Popen([sys.executable, "-c", {code!r}, "leaf"])
    child.wait()
else:
    time.sleep(1)
"""


def printed(code: str, *given: str) -> str:
    """What a process of its own writes: in this one the other tests have left threads."""
    command = [sys.executable, "-c", code, *given]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_peak_is_that_of_the_whole_tree() -> None:
    code = HUNGRY.format(code=HUNGRY.format(code=""))
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        watch = resources.TreePeak(process.pid, interval=0.01)
        process.wait()
        watch.stop()
    assert 300e6 < watch.peak < 450e6


def test_the_own_peak_is_remembered_after_the_memory_is_given_back() -> None:
    code = (
        "from unispeech.bench import resources\n"
        "held = bytearray(300_000_000)\n"
        "del held\n"
        "print(resources.own_peak())"
    )
    assert 300e6 < int(printed(code)) < 450e6


def test_processor_time_is_that_of_work_and_not_of_sleep() -> None:
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


def test_energy_counts_packages_and_survives_a_counter_that_goes_round(tmp_path: Path) -> None:
    """On a made-up powercap folder: the real one needs root."""
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


def test_no_counter_is_no_energy(tmp_path: Path) -> None:
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
found = profile.stop()
print(json.dumps([found, time.perf_counter() - began]))
"""


def test_a_stage_is_known_by_where_a_thread_is() -> None:
    """In a process of its own, where no thread of another test is in a stage."""
    found, wall = json.loads(printed(PROFILE))
    assert set(found) == {"vad"} and 0 < found["vad"] <= wall


STAGES_OF_A_RUN = """
import json, sys, threading
from unispeech.backends.whisper import bfloat16_encoder
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
ours = {stage for stage, _ in profiling.OURS}
if not bfloat16_encoder.is_available():
    ours.discard("encoder")
print(json.dumps([sorted(ours), sorted(seen - {""})]))
"""


def test_a_run_goes_through_every_stage_of_ours() -> None:
    """Every call of a run is looked at: a module that has moved cannot silently be missed."""
    expected, found = json.loads(printed(STAGES_OF_A_RUN, str(SAMPLES / "english.wav")))
    assert found == expected


@pytest.mark.parametrize(
    ("module", "function"), [(module, name) for _, module, name in profiling.STAGES if module]
)
def test_what_the_profile_looks_for_exists(module: str, function: str) -> None:
    if find_spec(module.partition(".")[0]) is None:
        pytest.skip(f"{module} is not installed")
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None
    if function:
        assert f"def {function}(" in Path(spec.origin).read_text(encoding="utf-8")


@pytest.mark.skipif(not hasattr(__import__("os"), "sched_getaffinity"), reason="Linux only")
def test_a_pinned_process_has_so_many_processors() -> None:
    code = (
        "import os\n"
        "from unispeech.bench import resources\n"
        "resources.pin(1)\n"
        "print(len(os.sched_getaffinity(0)), os.environ['OMP_NUM_THREADS'])"
    )
    assert printed(code).split() == ["1", "1"]

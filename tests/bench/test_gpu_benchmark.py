"""`benchmarks/gpu.py` without a GPU: it says so, and its parts run on the CPU."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import gpu as script
from support.samples import SAMPLES
from unispeech.bench import gpu

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu.py"


def test_without_a_gpu_it_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "names", list)
    assert "\n" not in script.missing("cuda:1") and "no NVIDIA GPU" in script.missing("cuda:1")
    assert script.missing("cpu") == ""


@pytest.mark.skipif(bool(gpu.names()), reason="this machine has a GPU")
def test_without_a_gpu_the_exit_code_is_1() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(SAMPLES)], capture_output=True, text=True
    )
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and not done.stdout


def test_the_contract_file_names_device_and_models() -> None:
    whisper = script.Subject("faster", "tiny.en", "cuda").contract()
    assert "Case('faster', {'device': 'cuda'}, 'tiny.en', 'base', 0.0)" in whisper
    ctc = script.Subject("ctc", "mine", "cuda").contract()
    assert "{'device': 'cuda', 'language': 'en'}, 'mine', '', 0.3)" in ctc


@pytest.mark.slow
def test_a_dry_run_on_the_cpu_is_labelled() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(SAMPLES / "english.wav"), "throughput", "unloading"]
        + ["--device", "cpu", "--backends", "faster"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("Dry run without a GPU. Device cpu")
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| faster")]
    speeds, sizes = rows
    assert float(speeds[2]) > 1
    assert 0 < int(sizes[2].replace(",", "")) < int(sizes[3].replace(",", ""))

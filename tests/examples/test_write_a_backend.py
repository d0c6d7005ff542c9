"""The programs of docs/guides/write-a-backend.md."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from support.pages import blocks
from support.samples import ROOT, SAMPLES

pytest.importorskip("pocketsphinx")
PAGE = "docs/guides/write-a-backend.md"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with the guide's adapter as an installed package."""
    (adapter,) = blocks(PAGE, "python adapter")
    (entry_point,) = blocks(PAGE, "toml")
    (tmp_path / "sphinx.py").write_text(adapter)
    info = tmp_path / "sphinx-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sphinx\nVersion: 1.0\n")
    points = entry_point.replace('[project.entry-points."unispeech.backends"]', "").strip()
    (info / "entry_points.txt").write_text(f"[unispeech.backends]\n{points.replace(chr(34), '')}\n")
    (tmp_path / "samples").symlink_to(SAMPLES)
    return tmp_path


def run(package: Path, command: Sequence[str]) -> str:
    path = os.pathsep.join((str(package), str(ROOT / "src")))
    done = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "PYTHONPATH": path},
        cwd=package,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_adapter_transcribes(package: Path) -> None:
    (command,) = blocks(PAGE, "sh")
    assert command.startswith("unispeech ")
    assert "welcome to the garden" in run(package, ["-m", *command.split()])


def test_the_fake_engine_transcribes(package: Path) -> None:
    (program,) = blocks(PAGE, "python fake")
    text = run(package, ["-c", program]).strip()
    assert text.startswith("The tulips") and text.count("Monday night.") == 1


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_adapter_passes_the_contract(package: Path) -> None:
    (suite,) = blocks(PAGE, "python contract")
    (package / "test_sphinx.py").write_text(suite)
    assert " passed" in run(package, ["-m", "pytest", "-q", "-p", "no:cacheprovider"])

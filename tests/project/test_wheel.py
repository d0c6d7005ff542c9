"""The wheel: every file of the package is inside, and it works in an empty environment."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from support.samples import ROOT, SAMPLES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "-w",
        str(folder),
        str(ROOT),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("unispeech-*.whl")
    return built


def test_the_wheel_holds_what_git_tracks(wheel: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "src/unispeech", "samples"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    expected = {
        name.replace("samples/", "unispeech/samples/", 1) if name.startswith("samples/")
        else name.removeprefix("src/")
        for name in tracked
    }  # fmt: skip
    inside = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
    assert expected - inside == set()
    assert {n for n in inside - expected if not (ROOT / "src" / n).exists()} == set()
    assert {
        "unispeech/server/storage/migrations/versions/r0001_baseline.py",
        "unispeech/server/static/index.html",
        "unispeech/_old/pool.py",
        "unispeech/py.typed",
    } <= inside


def test_it_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    """Installed with its own dependencies alone, without extras and without this checkout."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    alone = {n: v for n, v in os.environ.items() if n not in ("PYTHONPATH", "VIRTUAL_ENV")}

    def run(*arguments: str | Path) -> str:
        done = subprocess.run(
            [python, *arguments], cwd=tmp_path, capture_output=True, text=True, env=alone
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("-m", "pip", "install", "--quiet", wheel)
    run("-m", "pip", "check")
    place = run("-c", "import unispeech; print(unispeech.__file__)")
    assert Path(place.strip()).is_relative_to(tmp_path)
    run("-c", "import importlib.util as i; assert i.find_spec('torch') is None")
    run("-W", "ignore", "-c", "from unispeech.pool import Pool")  # an old name
    text = run("-m", "unispeech", "transcribe", SAMPLES / "english.wav", "--model", "tiny.en")
    assert "roses" in text

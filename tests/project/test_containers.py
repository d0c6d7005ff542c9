"""The container files are valid and keep to good practice; building them needs a daemon."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.samples import ROOT

BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        ["hadolint", "Dockerfile"],
        ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml",
         "compose.postgres.yaml"],
    ],
)  # fmt: skip
def test_container_files(command: list[str]) -> None:
    run = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.slow
def test_what_the_image_is_built_of_is_enough(tmp_path: Path) -> None:
    """The package is made of what the Dockerfile copies, and `.dockerignore` lets through."""
    let_through = (ROOT / ".dockerignore").read_text().splitlines()
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY "):
            *sources, _ = line.split()[1:]
            for source in sources:
                assert f"!{source.removeprefix('./')}" in let_through
                if (ROOT / source).is_dir():
                    shutil.copytree(ROOT / source, tmp_path / source)
                else:
                    shutil.copy(ROOT / source, tmp_path)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", "wheel"]
    run = subprocess.run([*build, "."], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert [path.suffix for path in (tmp_path / "wheel").iterdir()] == [".whl"]

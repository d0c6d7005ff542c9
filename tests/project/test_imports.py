"""Importing the package is instant and brings nothing heavy; so is asking for help."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"numpy", "av", "onnxruntime", "ctranslate2", "faster_whisper", "torch", "transformers",
         "huggingface_hub", "rich", "fastapi", "click", "tokenizers"}  # fmt: skip


def _loaded_by(code: str) -> set[str]:
    script = f"{code}\nimport sys; print(' '.join(m.split('.')[0] for m in sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_brings_nothing_heavy() -> None:
    assert not _loaded_by("import unispeech") & HEAVY


def test_errors_types_and_the_registry_bring_nothing_heavy() -> None:
    loaded = _loaded_by(
        "import unispeech.errors, unispeech.types, unispeech.options\n"
        "from unispeech.backends import registry; registry.specs()"
    )
    assert not loaded & HEAVY


def test_help_brings_only_the_command_line() -> None:
    code = (
        "import contextlib, io\nfrom unispeech.cli import cli\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    cli.main(['--help'], standalone_mode=False)"
    )
    assert _loaded_by(code) & HEAVY <= {"click"}


def test_importing_loads_a_handful_of_modules() -> None:
    """What keeps it under 15 ms, which `benchmarks/core.py DATA startup` measures."""
    code = (
        "import sys; before = {*sys.modules}; import unispeech; print(len({*sys.modules} - before))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 40  # 31 in Python 3.11; `dataclasses` alone would bring 14 more

"""The core names options; only the command line spells flags."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import unispeech
from unispeech.cli.spelling import with_flags
from unispeech.errors import AudioError, OptionError, UnispeechError

SOURCE = Path(unispeech.__file__).parent
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
ARGUMENTS = {
    "bench/machine.py": {"--short", "--porcelain"},
    "environments/install.py": {
        "--no-deps", "--no-input", "--disable-pip-version-check", "--progress-bar",
    },
    "models/download.py": {
        "--no-deps", "--only-binary", "--no-cache-dir", "--no-input", "--quiet", "--retries",
        "--disable-pip-version-check", "--dest",
    },
}  # fmt: skip
"""Flags of other programs that these files run (git, pip)."""


def test_only_the_command_line_spells_flags() -> None:
    found = {
        path.relative_to(SOURCE).as_posix(): flags
        for path in SOURCE.rglob("*.py")
        if not {"cli", "testing"} & set(path.relative_to(SOURCE).parts)
        and (flags := set(FLAG.findall(path.read_text(encoding="utf-8"))))
    }
    assert found == ARGUMENTS


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OptionError("beam_size is 0", "use a number", option="beam_size"),
         "--beam-size is 0; use a number"),
        (OptionError("language: unknown", "give language=CODE, or device='cpu'", option="language"),
         "--language: unknown; give --language CODE, or --device cpu"),
        (OptionError("language_per_chunk with a fixed language"),
         "--language-per-chunk with a fixed language"),
        (UnispeechError("no onset model", "transcribe with vad=False"),
         "no onset model; transcribe with --no-vad"),
        (UnispeechError("cannot read", "set diarize=True"), "cannot read; set --diarize"),
        (AudioError("/music/beam_size/my beam_size.wav: not audio"),
         "/music/beam_size/my beam_size.wav: not audio"),
        (AudioError("there is no microphone", "plug one in", code="no_microphone"),
         "there is no microphone; plug one in, or play a file with --input FILE, or pipe PCM to "
         "`unispeech mic -`"),
    ],
)  # fmt: skip
def test_the_command_line_spells_options_as_flags(error: UnispeechError, line: str) -> None:
    assert with_flags(error) == line

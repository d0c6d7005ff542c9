"""Consoles that are not UTF-8."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

PROGRAM = r"""
import sys
from unispeech.cli.console import accept_any_text, printable_json
accept_any_text()
print("caf\u00e9 \u4f60\u597d \udcff")
print("warning \u4f60", file=sys.stderr)
print(printable_json('{"text": "\u4f60 \U0001f600"}'))
"""


@pytest.mark.parametrize(
    ("encoding", "line"),
    [("ascii", "caf? ?? ?"), ("cp1252", "café ?? ?"), ("utf-8", "café 你好 ?")],
)
def test_any_text_prints_on_any_console(encoding: str, line: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, env=environment, timeout=60
    )
    assert done.returncode == 0
    first, rest = done.stdout.decode(encoding).split("\n", 1)
    assert first.strip() == line
    assert json.loads(rest) == {"text": "你 😀"}
    assert done.stderr.count(b"PYTHONIOENCODING") == 1  # reported once

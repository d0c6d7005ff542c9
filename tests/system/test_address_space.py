"""The limit on the address space. It cannot be raised again, so each test runs a process."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.samples import SAMPLES, reference, words

LIMITED = """
import resource, sys
from unispeech import BackendError, Engine
from unispeech.system import address_space

engine = Engine("faster", "tiny.en")
engine.transcribe(sys.argv[1])
limit = address_space.peak() + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    print(engine.transcribe(sys.argv[1]).text)
except BackendError as error:
    sys.exit(f"refused: {error}")
"""
NEAR, FAR = 300 << 20, 4 << 30
"""Bytes between what the process has used and its limit. A transcription needs less than either."""


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS limits nothing elsewhere")
@pytest.mark.parametrize("room", [NEAR, FAR])
def test_no_text_is_returned_by_a_process_near_its_limit(room: int) -> None:
    command = [sys.executable, "-c", LIMITED, str(SAMPLES / "english.wav"), str(room)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if room == NEAR:
        assert done.returncode == 1 and "Traceback" not in done.stderr
        assert "refused: faster: not enough memory" in done.stderr and not done.stdout
    else:
        assert done.returncode == 0 and words(done.stdout) == words(reference("english"))

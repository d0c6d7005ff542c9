"""Damaged recordings, through the command line and the service's decoders: a reason for each, no
traceback, and no end of the parent."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from support.recordings import write
from unispeech.errors import AudioError
from unispeech.server.speech.decoders import DecodeRange, Decoders

CODECS = {
    "wav": "pcm_s16le",
    "flac": "flac",
    "ogg": "libopus",
    "mp3": "libmp3lame",
    "m4a": "aac",
    "mka": "libopus",
    "ts": "aac",
    "aiff": "pcm_s16be",
    "flv": "aac",
    "avi": "libmp3lame",
}
ODD = re.compile(r"Traceback|Error number|index out of range|Operation not permitted|Errno")


def mutated(folder: Path, count: int) -> list[Path]:
    """Write damaged copies of a short recording in many formats."""
    dice = random.Random(count)
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 48_000)).astype(np.float32)
    originals = {
        suffix: write(folder / f"whole.{suffix}", noise, 48_000, codec).read_bytes()
        for suffix, codec in CODECS.items()
    }
    paths = []
    for number in range(count):
        suffix = dice.choice(list(CODECS))
        data = bytearray(originals[suffix])
        for _ in range(dice.choice([1, 5, 50, 500])):
            end = len(data) if dice.random() < 0.5 else min(400, len(data))
            data[dice.randrange(end)] = dice.randrange(256)
        if dice.random() < 0.3:
            del data[dice.randrange(1, len(data)) :]
        path = folder / f"{number}.{suffix}"
        path.write_bytes(data)
        paths.append(path)
    return paths


@pytest.mark.parametrize("count", [100, pytest.param(10_000, marks=pytest.mark.soak)])
def test_the_command_line_reports_each_in_one_line(tmp_path: Path, count: int) -> None:
    paths = mutated(tmp_path, count)
    for start in range(0, count, 500):
        part = [str(path) for path in paths[start : start + 500]]
        done = subprocess.run(
            [sys.executable, "-m", "unispeech", "probe", "--json", *part],
            capture_output=True,
            text=True,
            errors="replace",
        )
        assert done.returncode in (0, 1) and not ODD.search(done.stderr), done.stderr[-3000:]
        failed = [line for line in done.stderr.splitlines() if line.startswith("unispeech: ")]
        assert len(done.stderr.splitlines()) == len(failed)
        assert len(done.stdout.splitlines()) + len(failed) == len(part)


@pytest.mark.parametrize("count", [50, pytest.param(10_000, marks=pytest.mark.soak)])
def test_the_decoders_of_the_service_survive_each(tmp_path: Path, count: int) -> None:
    decoders = Decoders(1, 1 << 30, timeout=60)
    try:
        for path in mutated(tmp_path, count):
            try:
                decoders.decode(path, tmp_path / "out.wav", "a", DecodeRange(max_duration=600))
            except AudioError as error:
                assert not ODD.search(str(error)), error
    finally:
        decoders.close()

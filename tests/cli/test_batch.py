"""`unispeech batch`: stopped anywhere and run again, it ends with every row once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from support.samples import SAMPLES
from unispeech.corpus import parts

ROWS = 24


def command(manifest: Path, out: Path, *flags: str) -> list[str]:
    program = [sys.executable, "-m", "unispeech", "batch", str(manifest), "--output", str(out)]
    return [*program, "--model", "tiny.en", "--part-rows", "4", *flags]


def batch(manifest: Path, out: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(manifest, out, *flags), capture_output=True, text=True)


def table(out: Path, name: str = "parts") -> list[dict[str, Any]]:
    return [r for path in sorted((out / name).glob("[0-9]*")) for r in parts.records(path)]


def texts(out: Path) -> dict[int, str]:
    records = table(out)
    assert len({record["row"] for record in records}) == len(records)
    return {record["row"]: record["text"] for record in records}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Rows of one recording, each another part of it, and one that fails."""
    path = tmp_path / "rows.jsonl"
    sound = str(SAMPLES / "english.wav")
    rows: list[dict[str, Any]] = [
        {"audio_filepath": sound, "offset": 0.1 * (number % 7), "duration": 3}
        for number in range(ROWS)
    ]
    rows[7] = {"audio_filepath": "missing.wav", "duration": 3.0}
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def test_a_killed_run_continues_after_its_last_part(manifest: Path, tmp_path: Path) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = subprocess.Popen(command(manifest, killed), stderr=subprocess.DEVNULL)
    try:
        while len(list((killed / "parts").glob("[0-9]*"))) < 2:
            assert process.poll() is None
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    first = {path.name: path.read_bytes() for path in (killed / "parts").glob("[0-9]*")}
    again = batch(manifest, killed, "--report")
    assert again.returncode == 1, again.stderr
    assert f"24 rows ({4 * len(first)} of them before)" in again.stderr
    assert "1 failed, see" in again.stderr
    assert all((killed / "parts" / name).read_bytes() == kept for name, kept in first.items())
    batch(manifest, whole)
    assert texts(killed) == texts(whole)
    assert [error["row"] for error in table(killed, "errors")] == [7]
    assert "missing.wav" in (killed / "report.html").read_text("utf-8")
    nothing = batch(manifest, killed)
    assert (nothing.returncode, "no rows are left of 24" in nothing.stderr) == (1, True)
    other = batch(manifest, killed, "--language", "en")
    assert (other.returncode, other.stderr.count("\n")) == (2, 1)


def test_a_dry_run_writes_nothing(manifest: Path, tmp_path: Path) -> None:
    run = batch(manifest, tmp_path / "out", "--dry-run", "--shard", "1/2")
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[:3] == [
        "rows to transcribe of shard 1/2: 12", "sound: 0.6 min", "parts: 3",
    ]  # fmt: skip
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--shard", "0/4"], "shards are counted from 1 to 4"),
        (["--shard", "2"], "give it as 2/8"),
        (["--start", "3"], "--start"),
        (["--phones"], "--phones"),
        (["--max-errors", "-1"], "--max-errors"),
    ],
)
def test_wrong_usage_is_one_line(
    flags: list[str], reason: str, manifest: Path, tmp_path: Path
) -> None:
    run = batch(manifest, tmp_path / "out", *flags)
    assert (run.returncode, run.stderr.count("\n")) == (2, 1)
    assert reason in run.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.soak
def test_twenty_kills_lose_no_row(manifest: Path, tmp_path: Path) -> None:
    out, whole = tmp_path / "out", tmp_path / "whole"
    chance = random.Random(1)
    for _ in range(20):
        process = subprocess.Popen(
            command(manifest, out, "--retry-errors"), stderr=subprocess.DEVNULL
        )
        time.sleep(chance.uniform(0.5, 8))
        os.kill(process.pid, chance.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
        process.wait()
    batch(manifest, out)
    batch(manifest, whole)
    assert texts(out) == texts(whole)
    assert [error["row"] for error in table(out, "errors")] == [7]

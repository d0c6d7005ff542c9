"""Random weights of Whisper's shapes, and the benchmark that runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import random_weights
from large import OURS, PEER, Measured, table
from unispeech.models import store
from unispeech.models.formats import ctranslate2

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_random_weights_have_the_layout_of_real_ones(tmp_path: Path) -> None:
    dims = random_weights.SHAPES["base"]
    random_weights.make(dims, tmp_path)
    ours, real = tmp_path / "model.bin", store.obtain("base") / "model.bin"

    def layout(path: Path) -> list[tuple[str, tuple[int, ...], str]]:
        return [(n, v.shape, v.type) for n, v in ctranslate2.variables(path).items()]

    assert layout(ours) == layout(real)
    assert ctranslate2.dimensions(ours) == dims == ctranslate2.dimensions(real)
    for name, variable in ctranslate2.variables(real).items():
        if not variable.shape:
            same = ctranslate2.variables(ours)[name]
            assert _bytes(ours, same) == _bytes(real, variable), name


def _bytes(path: Path, variable: ctranslate2.Variable) -> bytes:
    with path.open("rb") as file:
        file.seek(variable.offset)
        return file.read(variable.size)


def test_large_v3_has_its_published_size() -> None:
    dims = random_weights.SHAPES["large-v3"]
    assert (dims.n_mels, dims.n_vocab) == (128, 51866)
    weights = 0
    for _, shape in random_weights._shapes(dims):
        count = 1
        for size in shape:
            count *= size
        weights += count
    assert 1.54e9 < weights < 1.55e9


@pytest.mark.slow
def test_both_sides_decode_the_tokens_of_speech(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "large.py"), str(tmp_path), "tiny"]
    done = subprocess.run([*command, "--seconds", "30"], capture_output=True, text=True, check=True)
    rows = [line.split(" | ") for line in done.stdout.splitlines() if "tiny" in line]
    assert [row[1] for row in rows] == [OURS, PEER]
    tokens = [int(row[8]) for row in rows]
    assert all(75 < count <= 110 for count in tokens), tokens
    assert abs(tokens[0] - tokens[1]) < 0.1 * tokens[1], tokens


def test_the_table_gives_the_ratio_to_the_peer() -> None:
    ours = Measured("tiny", OURS, 60.0, 1.0, 1.0, 1.0, 2.0, 1.0, 0.0, 1)
    peer = Measured("tiny", PEER, 60.0, 1.0, 1.0, 1.0, 6.0, 1.0, 0.0, 1)
    assert "| 3.00 |" in table([ours, peer]).splitlines()[2]

"""Batches on a real Ray cluster of three nodes, of which one and the driver are lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.samples import SAMPLES, reference, words
from unispeech.audio.recording import load
from unispeech.corpus import parts
from unispeech.corpus.cluster import shares
from unispeech.corpus.rows import Row
from unispeech.engine.engine import Engine
from unispeech.errors import OptionError
from unispeech.types import SAMPLE_RATE

ENGLISH = str(SAMPLES / "english.wav")
ROWS = 18
ENVIRONMENT = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}


def test_shares_are_bounded_by_rows_and_by_stated_sound() -> None:
    import pickle

    rows = [Row(n, f"{n}.wav", stated=50.0 if n > 4 else None) for n in range(9)]
    found = [[row.number for row in pickle.loads(share)] for share in shares(rows, 3, 110.0)]
    assert found == [[0, 1, 2], [3, 4, 5], [6, 7], [8]]


def test_sound_inside_a_table_is_not_sent_through_a_cluster() -> None:
    with pytest.raises(OptionError, match="holds the sound itself"):
        list(shares([Row(0, "a.wav", content=lambda: b"")], 3, 60.0))
    in_tar = Row(0, "a.tar:a.wav", content=partial(bytes, 3))
    assert len(list(shares([in_tar], 3, 60.0))) == 1


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Three nodes of one processor each."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    found = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    for _ in range(2):
        found.add_node(num_cpus=1)
    found.wait_for_nodes()
    yield found
    found.shutdown()  # type: ignore[no-untyped-call]


def command(manifest: Path, out: Path, *flags: str) -> list[str]:
    program = [sys.executable, "-m", "unispeech", "batch", str(manifest), "--output", str(out)]
    return [*program, "--model", "tiny.en", "--compute-type", "float32", "--part-rows", "3", *flags]


def table(out: Path, name: str = "parts") -> dict[int, dict[str, Any]]:
    """The records by row, each of which is there once."""
    found = [r for path in sorted((out / name).glob("[0-9]*")) for r in parts.records(path)]
    by_row = {record["row"]: record for record in found}
    assert len(by_row) == len(found)
    return by_row


def finished(out: Path, count: int) -> None:
    """Wait for some parts."""
    ends = time.monotonic() + 240
    while len(list((out / "parts").glob("[0-9]*"))) < count:
        assert time.monotonic() < ends
        time.sleep(0.1)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Rows of parts of one recording, and one that fails."""
    rows: list[dict[str, Any]] = [
        {"audio_filepath": ENGLISH, "offset": 0.2 * (number % 3), "duration": 3}
        for number in range(ROWS)
    ]
    rows[7] = {"audio_filepath": "missing.wav"}
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def check(out: Path, engine: Callable[..., Engine]) -> None:
    """Every row is there once, with the text that the engine alone gives."""
    sound = load(ENGLISH)
    alone = engine(compute_type="float32")
    starts = (round(0.2 * part * SAMPLE_RATE) for part in range(3))
    texts = [
        alone.transcribe(sound[start : start + 3 * SAMPLE_RATE], SAMPLE_RATE).text
        for start in starts
    ]
    found = table(out)
    assert sorted(found) == [number for number in range(ROWS) if number != 7]
    assert all(record["text"] == texts[row % 3] for row, record in found.items())
    assert list(table(out, "errors")) == [7]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_lost_node_costs_no_row(
    cluster: Any, manifest: Path, tmp_path: Path, engine: Callable[..., Engine]
) -> None:
    out = tmp_path / "out"
    on_ray = command(manifest, out, "--ray", cluster.address, "--actor-cpus", "1")
    driver = subprocess.Popen(on_ray, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    finished(out, 1)
    cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
    _, lines = driver.communicate(timeout=300)
    assert driver.returncode == 1 and "1 failed, see" in lines, lines
    check(out, engine)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_lost_driver_costs_no_row(
    cluster: Any, manifest: Path, tmp_path: Path, engine: Callable[..., Engine]
) -> None:
    out = tmp_path / "out"
    on_ray = command(manifest, out, "--ray", cluster.address, "--actor-cpus", "1")
    for count in (1, 3):
        driver = subprocess.Popen(on_ray, env=ENVIRONMENT, stderr=subprocess.DEVNULL)
        try:
            finished(out, count)
        finally:
            driver.kill()
            driver.wait()
    subprocess.run(on_ray, env=ENVIRONMENT, capture_output=True, check=False)
    check(out, engine)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore")
def test_transcribe_in_a_pipeline_of_ray_data(cluster: Any) -> None:
    import ray

    from unispeech.ray import Transcribe

    ray.init(cluster.address, log_to_driver=False)
    try:
        rows = [{"audio": ENGLISH, "title": "garden"}, {"audio": "missing.wav", "title": "none"}]
        found = ray.data.from_items(rows).map_batches(
            Transcribe, fn_constructor_kwargs={"model": "tiny.en"}, concurrency=1, batch_size=2
        )
        good, bad = sorted(found.take_all(), key=lambda row: row["title"])
    finally:
        ray.shutdown()
    assert words(good["text"]) == words(reference("english"))
    assert good["title"] == "garden" and good["error"] is None
    assert good["segments"][0]["start"] >= 0 and good["language"] == "en"
    assert bad["text"] is None and "missing.wav" in bad["error"]


def test_an_unreachable_cluster_and_wrong_flags_are_one_line(tmp_path: Path) -> None:
    manifest = tmp_path / "rows.jsonl"
    manifest.write_text(f'{{"path": "{ENGLISH}"}}\n')
    for flags, reason in (
        (["--actors", "2"], "--actors needs --ray"),
        (["--ray", "--shard", "1/2"], "--ray and --shard exclude each other"),
        (["--ray", "rows.jsonl"], "no address of a cluster"),
        (["--ray", "auto", "--actors", "4-2"], "'4-2'"),
    ):
        run = subprocess.run(
            command(manifest, tmp_path / "out", *flags), capture_output=True, text=True
        )
        assert (run.returncode, run.stderr.count("\n")) == (2, 1), run.stderr
        assert reason in run.stderr

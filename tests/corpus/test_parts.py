"""Parts: no row is lost or twice, whatever is stopped, and every shard sees its own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unispeech.corpus import parts
from unispeech.corpus.parts import Output
from unispeech.corpus.rows import Row, Shard
from unispeech.errors import OptionError

SETTINGS = {"model": "tiny.en", "decode": {"language": None}}


def record(number: int) -> dict[str, Any]:
    return {"row": number, "id": "", "audio": f"{number}.wav", "start": 0.0, "duration": 1.0}


def manifest(count: int) -> list[Row]:
    return [Row(number, f"{number}.wav") for number in range(count)]


def undone(output: Output, rows: Iterable[Row]) -> list[int]:
    return [row.number for row in output.undone(iter(rows))]


@settings(max_examples=30, deadline=None)
@given(
    count=st.integers(0, 40),
    shards=st.integers(1, 4),
    sizes=st.lists(st.integers(1, 7), min_size=1, max_size=6),
    form=st.sampled_from(["jsonl", "parquet"]),
    failing=st.sets(st.integers(0, 40)),
)
def test_rows_of_written_parts_are_not_left(
    count: int,
    shards: int,
    sizes: list[int],
    form: str,
    failing: set[int],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("out")
    written = set()
    for index in range(1, shards + 1):
        for size in sizes:  # each a run that is stopped after one part
            output = Output(folder, Shard(index, shards), form)
            with output.opened(SETTINGS):
                left = undone(output, manifest(count))[:size]
                good = [record(number) for number in left if number not in failing]
                bad = [record(number) for number in left if number in failing]
                if left:
                    output.write(left[0], left[-1], good, bad)
                written |= set(left)
    found = [
        r["row"]
        for name in ("parts", "errors")
        for path in (folder / name).iterdir()
        for r in parts.records(path)
    ]
    assert sorted(found) == sorted(written)
    for index in range(1, shards + 1):
        output = Output(folder, Shard(index, shards), form)
        with output.opened(SETTINGS):
            rest = {n for n in range(count) if n % shards == index - 1} - written
            assert set(undone(output, manifest(count))) == rest
            assert output.done() == sum(n % shards == index - 1 for n in written)


def test_errors_whose_part_was_not_written_are_forgotten(tmp_path: Path) -> None:
    output = Output(tmp_path, Shard(), "jsonl")
    with output.opened(SETTINGS):
        output.write(0, 1, [record(0)], [record(1)])
        output.write(2, 3, [record(2)], [record(3)])
    (tmp_path / "parts" / "00001-of-00001-000000002-000000003.jsonl").unlink()  # as if killed
    with output.opened(SETTINGS):
        assert undone(output, manifest(5)) == [2, 3, 4]
        assert output.failed() == 1
        assert len(list((tmp_path / "errors").iterdir())) == 1


def test_parts_with_failed_rows_can_be_done_again(tmp_path: Path) -> None:
    output = Output(tmp_path, Shard(), "jsonl")
    with output.opened(SETTINGS):
        output.write(0, 1, [record(0), record(1)], [])
        output.write(2, 3, [record(2)], [record(3)])
    with output.opened(SETTINGS):
        assert output.drop_failed() == 1
        assert undone(output, manifest(4)) == [2, 3]
        assert output.failed() == 0


def test_a_manifest_may_grow_but_not_change(tmp_path: Path) -> None:
    output = Output(tmp_path, Shard(), "jsonl")
    with output.opened(SETTINGS):
        output.write(0, 2, [record(n) for n in range(3)], [])
    with output.opened(SETTINGS):
        assert undone(output, manifest(4)) == [3]
        with pytest.raises(OptionError, match=r"row 0 was 0\.wav and is other\.wav now"):
            undone(output, [Row(0, "other.wav")])


def test_other_settings_are_refused(tmp_path: Path) -> None:
    with Output(tmp_path, Shard(), "jsonl").opened({**SETTINGS, "version": "1"}):
        pass
    with Output(tmp_path, Shard(), "jsonl").opened({**SETTINGS, "version": "2"}):
        pass
    with (
        pytest.raises(OptionError, match="made with model 'tiny.en', not 'base'"),
        Output(tmp_path, Shard(), "jsonl").opened({**SETTINGS, "model": "base"}),
    ):
        pass
    (tmp_path / "batch.json").write_text("{")
    with pytest.raises(OptionError, match=r"batch\.json: damaged"):
        Output(tmp_path, Shard(), "jsonl").look(SETTINGS)


def test_a_shard_has_one_writer(tmp_path: Path) -> None:
    first, second = Output(tmp_path, Shard(1, 2), "jsonl"), Output(tmp_path, Shard(2, 2), "jsonl")
    with (
        first.opened(SETTINGS),
        second.opened(SETTINGS),
        pytest.raises(OptionError, match="another process writes shard 1/2"),
        Output(tmp_path, Shard(1, 2), "jsonl").opened(SETTINGS),
    ):
        pass
    assert json.loads((tmp_path / "batch.json").read_text())["model"] == "tiny.en"

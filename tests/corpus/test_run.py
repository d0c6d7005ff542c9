"""A run over real recordings: every row ends in a part or among the errors."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.samples import SAMPLES, reference, words
from unispeech.audio.recording import Recording, load
from unispeech.corpus import parts, report
from unispeech.corpus.parts import Output
from unispeech.corpus.rows import Row, Shard
from unispeech.corpus.run import BROKEN, Limits, TooManyErrors, run
from unispeech.corpus.sound import Reader
from unispeech.engine.engine import Engine
from unispeech.errors import BackendError
from unispeech.options import SoundOptions
from unispeech.types import SAMPLE_RATE, Chunk, Samples

ENGLISH = SAMPLES / "english.wav"
WIDE = Limits()


def done(
    engine: Engine, rows: list[Row], folder: Path, limits: Limits = WIDE
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The records and the errors after a run."""
    output = Output(folder, Shard(), "jsonl")
    with output.opened({"manifest": "x", "backend": "faster", "model": "tiny.en"}):
        run(engine, output.undone(iter(rows)), output, limits)
    return table(folder, "parts"), table(folder, "errors")


def table(folder: Path, name: str) -> list[dict[str, Any]]:
    return [r for path in sorted((folder / name).iterdir()) for r in parts.records(path)]


def test_good_and_bad_rows_keep_their_places(engine: Callable[..., Engine], tmp_path: Path) -> None:
    junk = tmp_path / "junk.wav"
    junk.write_bytes(b"junk")
    rows = [
        Row(0, str(ENGLISH), "first"),
        Row(1, str(junk)),
        Row(2, "missing.wav"),
        Row(3, "m.jsonl", problem="line 4: not JSON"),
        Row(4, "inside.wav", content=ENGLISH.read_bytes),
        Row(5, str(ENGLISH), language="xx"),
        Row(6, f"file://{ENGLISH}"),
        Row(7, "memory://nothing.wav"),
    ]
    records, errors = done(engine(), rows, tmp_path / "out", Limits(rows=3))
    assert [record["row"] for record in records] == [0, 4, 6]
    assert [(error["row"], error["code"]) for error in errors] == [
        (1, "invalid_audio"),
        (2, "audio_not_found"),
        (3, "invalid_row"),
        (5, "invalid_value"),
        (7, "audio_not_found"),
    ]
    assert "language 'xx'" in errors[3]["error"]
    assert all(words(record["text"]) == words(reference("english")) for record in records)
    assert records[0]["id"] == "first" and records[0]["complete"]
    assert [p.name[18:-6] for p in sorted((tmp_path / "out" / "parts").iterdir())] == [
        "000000-000000002", "000003-000000005", "000006-000000007",
    ]  # fmt: skip
    page = report.page(report.summary(tmp_path / "out"), {"model": "tiny.en"})
    assert "audio_not_found" in page and "missing.wav" in page


def test_a_part_of_a_recording_has_the_times_of_the_recording(
    engine: Callable[..., Engine], tmp_path: Path
) -> None:
    whole = engine().transcribe(str(ENGLISH), word_timestamps=True)
    length = whole.duration
    rows = [Row(0, str(ENGLISH), start=0.0, end=length), Row(1, str(ENGLISH), start=length / 2)]
    records, errors = done(engine(), [*rows, Row(2, str(ENGLISH), start=99.0)], tmp_path / "out")
    assert records[0]["text"] == whole.text
    assert records[1]["start"] == pytest.approx(length / 2)
    assert records[1]["duration"] == pytest.approx(length / 2, abs=0.01)
    assert all(s["start"] >= length / 2 - 0.01 for s in records[1]["segments"])
    assert "before the part at 99 s" in errors[0]["error"]


def test_parts_of_a_recording_read_it_once(monkeypatch: Any) -> None:
    opened: list[str] = []
    decode = Recording.blocks

    def blocks(self: Recording) -> Iterator[Samples]:
        opened.append(self.name)
        return decode(self)

    monkeypatch.setattr(Recording, "blocks", blocks)
    samples = load(ENGLISH)
    opened.clear()
    reader = Reader(SoundOptions(), None)
    spans = [(0.5, 1.0), (0.75, 2.0), (2.0, None)]
    for number, (start, end) in enumerate(spans):
        taken = reader.take(Row(number, str(ENGLISH), start=start, end=end))
        expected = samples[round(start * SAMPLE_RATE) : end and round(end * SAMPLE_RATE)]
        assert np.array_equal(taken.input.source, expected)  # type: ignore[arg-type]
    assert opened == [str(ENGLISH)]
    reader.take(Row(3, str(ENGLISH), start=0.1, end=0.2))
    assert len(opened) == 2


def test_a_row_is_decoded_in_its_own_language(tmp_path: Path) -> None:
    german = SAMPLES / "german.wav"
    rows = [Row(0, str(german), language="German"), Row(1, str(german), language="en")]
    with Engine("faster", "base") as multilingual:
        records, _ = done(multilingual, rows, tmp_path / "out")
    assert [record["language"] for record in records] == ["de", "en"]
    assert words(records[0]["text"]) == words(reference("german"))


def test_a_run_ends_after_too_many_errors(engine: Callable[..., Engine], tmp_path: Path) -> None:
    rows = [Row(number, f"{number}.wav") for number in range(10)]
    with pytest.raises(TooManyErrors, match="3 rows failed"):
        done(engine(), rows, tmp_path / "out", Limits(errors=2))
    assert len(table(tmp_path / "out", "errors")) == 3


def test_a_broken_backend_ends_the_run_without_failed_rows(
    engine: Callable[..., Engine], tmp_path: Path, monkeypatch: Any
) -> None:
    def broken(chunks: list[Chunk], *_: object) -> Iterator[None]:
        raise BackendError("out of memory")

    whole = engine()
    monkeypatch.setattr(whole.backend, "transcribe_batch", broken)
    rows = []
    for number in range(BROKEN + 3):
        path = tmp_path / f"{number}.wav"
        shutil.copy(ENGLISH, path)
        rows.append(Row(number, str(path)))
    with pytest.raises(BackendError, match="out of memory"):
        done(whole, rows, tmp_path / "out", Limits(rows=2))
    assert table(tmp_path / "out", "parts") == table(tmp_path / "out", "errors") == []

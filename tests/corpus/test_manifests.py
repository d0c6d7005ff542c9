"""Every form of a manifest gives the same rows."""

from __future__ import annotations

import csv
import gzip
import json
import tarfile
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from support.samples import SAMPLES
from unispeech.corpus import manifest, tables
from unispeech.corpus.rows import Row, Shard
from unispeech.errors import OptionError

CUT: dict[str, Any] = {
    "id": "cut-1",
    "start": 3.5,
    "duration": 2.0,
    "channel": 0,
    "supervisions": [{"id": "s", "start": 0.0, "duration": 2.0, "language": "German"}],
    "recording": {
        "id": "talk",
        "sources": [{"type": "file", "channels": [0], "source": "talk.wav"}],
        "sampling_rate": 16000,
        "num_samples": 160000,
        "duration": 10.0,
    },
    "type": "MonoCut",
}


def rows(argument: str | Path, frozen: Path = Path("/nowhere/manifest.jsonl")) -> list[Row]:
    found = manifest.opened(str(argument), frozen)
    listed = list(found.rows())
    assert found.count() in (len(listed), None)
    assert [row.number for row in listed] == list(range(len(listed)))
    return listed


def lines(path: Path, *fields: dict[str, Any]) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in fields), "utf-8")
    return path


def test_nemo_rows_are_whole_recordings_unless_they_have_an_offset(tmp_path: Path) -> None:
    whole, part = rows(
        lines(
            tmp_path / "train.jsonl",
            {"audio_filepath": "a.wav", "duration": 4.0, "text": "what was said", "lang": "de"},
            {"audio_filepath": "/b.wav", "offset": 1.5, "duration": 4.0},
        )
    )
    assert (whole.audio, whole.is_part, whole.stated) == (str(tmp_path / "a.wav"), False, 4.0)
    assert whole.language == "de"
    assert (part.audio, part.start, part.end) == ("/b.wav", 1.5, 5.5)


def test_an_array_of_objects_is_a_manifest_too(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    path.write_text(json.dumps([{"path": "/a.wav"}, 3, {"path": "/b.wav"}], indent=1))
    first, bad, last = rows(path)
    assert (first.audio, last.audio) == ("/a.wav", "/b.wav")
    assert bad.problem == "element 2: not a JSON object"


def test_lhotse_cuts_are_parts_of_their_recordings(tmp_path: Path) -> None:
    whole = {**CUT, "id": "all", "start": 0, "duration": 10.0, "supervisions": []}
    path = tmp_path / "cuts.jsonl.gz"
    path.write_bytes(gzip.compress("".join(f"{json.dumps(c)}\n" for c in (CUT, whole)).encode()))
    part, entire = rows(path)
    assert (part.id, part.start, part.end, part.language) == ("cut-1", 3.5, 5.5, "German")
    assert part.audio == entire.audio == str(tmp_path / "talk.wav")
    assert not entire.is_part


def test_csv_and_parquet_name_the_recording_in_a_column(tmp_path: Path) -> None:
    fields = [{"id": "1", "path": "ä, b.wav", "language": "en"}, {"id": "2", "path": "c.wav"}]
    with (tmp_path / "m.tsv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, ["id", "path", "language"], delimiter="\t")
        writer.writeheader()
        writer.writerows(fields)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(fields), tmp_path / "m.parquet")
    table = rows(tmp_path / "m.tsv")
    assert table == rows(tmp_path / "m.parquet")
    assert [row.audio for row in table] == [str(tmp_path / n) for n in ("ä, b.wav", "c.wav")]
    assert [row.language for row in table] == ["en", None]


def test_parquet_may_hold_the_sound_itself(tmp_path: Path) -> None:
    sound = (SAMPLES / "english.wav").read_bytes()
    audio = {"bytes": sound, "path": "english.wav"}
    pyarrow.parquet.write_table(
        pyarrow.Table.from_pylist([{"audio": audio}]), tmp_path / "m.parquet"
    )
    (row,) = rows(tmp_path / "m.parquet")
    assert row.audio == "english.wav"
    assert row.content is not None and row.content() == sound


def test_tar_shards_have_a_row_per_recording(tmp_path: Path) -> None:
    sound = SAMPLES / "english.wav"
    for number in range(2):
        with tarfile.open(tmp_path / f"shard-00{number}.tar", "w") as tar:
            tar.add(sound, f"{number}/talk.one.wav")
            tar.add(Path(__file__), f"{number}/talk.txt")
    found = rows(tmp_path / "shard-{000..001}.tar")
    assert [row.id for row in found] == ["0/talk", "1/talk"]
    assert rows(tmp_path / "shard-*.tar")[1].audio == found[1].audio
    assert found[1].content is not None and found[1].content() == sound.read_bytes()


def test_a_dataset_saved_by_datasets_is_a_manifest(tmp_path: Path) -> None:
    import datasets

    sound = (SAMPLES / "english.wav").read_bytes()
    saved = datasets.Dataset.from_list([{"speech": {"bytes": sound, "path": None}, "id": "x"}])
    saved.cast_column("speech", datasets.Audio(decode=False)).save_to_disk(tmp_path / "set")
    (row,) = rows(f"hf:{tmp_path / 'set'}")
    assert row.id == "x" and row.content is not None and row.content() == sound


def test_new_recordings_of_a_folder_come_after_those_of_earlier_runs(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    for name in ("b.wav", "c.mp3", "notes.txt"):
        (tmp_path / "in" / name).touch()
    frozen = tmp_path / "out" / "manifest.jsonl"
    first = rows(tmp_path / "in", frozen)
    (tmp_path / "in" / "a.wav").touch()
    assert rows(tmp_path / "in", frozen)[:2] == first
    assert [Path(row.audio).name for row in rows(tmp_path / "in", frozen)] == [
        "b.wav", "c.mp3", "a.wav",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 1: not JSON"),
        ("3", "line 1: not a JSON object"),
        ('{"text": "no sound"}', "row 1: no recording"),
        ('{"path": "a.wav", "offset": "soon"}', "row 1: offset is 'soon', not seconds"),
        ('{"path": "a.wav", "offset": -1}', "row 1: offset is -1, not seconds"),
        (json.dumps({**CUT, "recording": {"sources": []}}), "row 1: "),
        (json.dumps({"tracks": [], "type": "MixedCut"}), "row 1: a mixed cut"),
    ],
)
def test_a_line_that_is_no_row_keeps_its_number_and_says_why(
    line: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(f'{line}\n{{"path": "b.wav"}}\n')
    bad, good = rows(path)
    assert bad.problem.startswith(reason)
    assert good.audio == str(tmp_path / "b.wav") and not good.problem


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("missing.jsonl", None, "there is no such manifest"),
        ("missing", None, "there is no such manifest"),
        ("m.docx", b"x", "not a manifest"),
        ("m.csv", b"a,b\n1,2\n", "no column with recordings"),
        ("m.csv", b"", "no column with recordings; its columns are none"),
        ("m.parquet", b"not Parquet", "not a Parquet file"),
        ("m.tar", b"not tar", "the tar file cannot be read"),
        ("m.jsonl.gz", b"not gzip", "the manifest cannot be read"),
        ("m.json", b"[{", "not JSON"),
        ("hf:no/such:x", None, "hf:no/such:x: "),
    ],
)
def test_a_manifest_that_cannot_be_read_is_one_line(
    name: str, content: bytes | None, reason: str, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    path = name if name.startswith("hf:") else str(tmp_path / name)
    if content is not None:
        Path(path).write_bytes(content)
    with pytest.raises(OptionError, match=reason) as caught:
        rows(path)
    assert "\n" not in str(caught.value)


def test_rows_of_a_remote_manifest_are_beside_it() -> None:
    row = tables.located(tables.row(0, {"path": "a/b.wav"}), "s3://bucket/sets/train.jsonl")
    assert row.audio == "s3://bucket/sets/a/b.wav"


@pytest.mark.parametrize("count", [1, 3, 8])
def test_every_row_is_in_one_shard(count: int) -> None:
    shards = [Shard(index, count) for index in range(1, count + 1)]
    assert all(sum(shard.has(number) for shard in shards) == 1 for number in range(50))

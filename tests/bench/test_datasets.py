"""Datasets in every supported form: folders, manifests, LibriSpeech and the Hub."""

from __future__ import annotations

import json
import shutil
import wave
from pathlib import Path

import pytest

from support.errors import raises
from support.samples import ROOT, SAMPLES, reference
from unispeech.audio.recording import load as load_audio
from unispeech.bench import hub
from unispeech.bench.datasets import Choice, choose, load, load_all, warm_up
from unispeech.bench.joining import join, join_each
from unispeech.bench.utterances import Utterance, language_code
from unispeech.errors import OptionError
from unispeech.models import download
from unispeech.text.formats import encoded
from unispeech.types import Segment, Transcript, Word


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a recording that has a text, and one that has none."""
    shutil.copy(SAMPLES / "english.wav", tmp_path / "a.wav")
    shutil.copy(SAMPLES / "german.wav", tmp_path / "b.wav")
    (tmp_path / "a.txt").write_text(reference("english"))
    return tmp_path


def only(utterances: list[Utterance]) -> Utterance:
    (utterance,) = utterances
    return utterance


def test_the_samples_are_the_default(tmp_path: Path) -> None:
    utterances = load(None, tmp_path)
    assert {(u.id, u.language) for u in utterances} >= {("english.wav", "en"), ("german.wav", "de")}
    assert all(u.text == reference(u.audio.stem) for u in utterances)


def test_a_folder_with_text_files(folder: Path) -> None:
    first, second = load(str(folder), folder)
    assert (first.id, first.text) == ("a.wav", reference("english"))
    assert (second.id, second.text) == ("b.wav", None)
    assert first.duration == pytest.approx(10.3, abs=0.5)


def test_references_may_be_subtitles_or_textgrids(folder: Path) -> None:
    words = (Word(0.2, 0.6, " Guten", 1.0), Word(0.6, 1.0, " Morgen.", 1.0))
    segment = Segment(0, 0.2, 1.0, " Guten Morgen.", words)
    transcript = Transcript("Guten Morgen.", "de", 2.0, (segment,), "", "")
    for format in ("srt", "textgrid"):
        path = folder / f"b.{format}"
        path.write_bytes(encoded(transcript, format))
        reference = load(str(folder), folder)[1]
        assert reference.text == "Guten Morgen."
        timed = [("Guten", 0.2, 0.6), ("Morgen.", 0.6, 1.0)] if format == "textgrid" else []
        assert list(reference.words) == timed
        path.unlink()
    (folder / "b.vtt").write_text("WEBVTT\n\n00:01.000 --> x\n")
    with raises(OptionError, "b.vtt", "line 3"):
        load(str(folder), folder)


def test_a_folder_may_state_its_language(folder: Path) -> None:
    (folder / "language.txt").write_text("en\n")
    (folder / "b.language.txt").write_text("de\n")
    assert [u.language for u in load(str(folder), folder)] == ["en", "de"]


def test_manifests(folder: Path) -> None:
    words = [["one", 0, 1.5, "a further field"]]
    row = {"audio": "a.wav", "text": "One. Two.", "language": "en-GB", "words": words}
    jsonl = folder / "set.jsonl"
    jsonl.write_text(json.dumps(row) + "\n\n")
    utterance = only(load(str(jsonl), folder))
    assert (utterance.text, utterance.language, utterance.words) == (
        "One. Two.",
        "en",
        (("one", 0.0, 1.5),),
    )
    tsv = folder / "set.tsv"
    tsv.write_text("path\tsentence\tlanguage\na.wav\tOne. Two.\ten\n")
    assert only(load(str(tsv), folder)).text == "One. Two."


def test_an_empty_text_is_a_reference_only_without_speech(folder: Path) -> None:
    rows = [{"audio": "a.wav", "text": "", "language": "zxx"}, {"audio": "b.wav", "text": ""}]
    (folder / "manifest.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    assert [u.text for u in load(str(folder), folder)] == ["", None]


def test_librispeech(tmp_path: Path) -> None:
    chapter = tmp_path / "84" / "121123"
    chapter.mkdir(parents=True)
    shutil.copy(SAMPLES / "english.wav", chapter / "84-121123-0000.flac")
    (chapter / "84-121123.trans.txt").write_text("84-121123-0000 GOOD MORNING\n")
    utterance = only(load(str(tmp_path), tmp_path))
    assert (utterance.id, utterance.text, utterance.language) == (
        "84-121123-0000",
        "GOOD MORNING",
        "en",
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [("{", "line 1 is not JSON"), ("[]", "not a JSON object"),
     ('{"text": "a"}', "row 1 has no 'audio'; each row needs"),
     ('{"audio": 5}', "row 1 is invalid"),
     ('{"audio": "a.wav", "words": [["a", 0]]}', r"row 1 is invalid .*\[word, start, end\]"),
     ('{"audio": "no.wav", "text": "a"}', "no.wav")],
)  # fmt: skip
def test_a_malformed_manifest_is_refused_with_its_row(
    tmp_path: Path, line: str, message: str
) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(line)
    with pytest.raises(OptionError, match=message):
        load(str(path), tmp_path)


@pytest.mark.parametrize("name", ["set.jsonl", "set.tsv", "folder/a.txt", "folder/language.txt"])
def test_a_file_that_is_not_utf_8_is_named(folder: Path, name: str) -> None:
    (folder / "folder").mkdir()
    shutil.copy(SAMPLES / "english.wav", folder / "folder" / "a.wav")
    (folder / name).write_bytes("Größe".encode("latin-1"))
    data = folder / name if "set" in name else folder / "folder"
    with raises(OptionError, Path(name).name, "UTF-8"):
        load(str(data), folder)


@pytest.mark.parametrize(
    ("language", "code"),
    [("en", "en"), ("en-GB", "en"), ("deu", "de"), ("German", "de"), ("rus", "ru"), ("bem", "bem"),
     ("zxx", None), ("mixed", None), ("", None), (None, None)],
)  # fmt: skip
def test_languages_are_accepted_by_code_and_name(language: str | None, code: str | None) -> None:
    assert language_code(language) == code


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no recordings"):
        load(str(tmp_path), tmp_path)


MANY = [Utterance(f"{i}.wav", Path(), "a", "en" if i % 2 else "de", 1.0 + i) for i in range(20)]


def test_a_single_recording(folder: Path) -> None:
    utterance = only(load(str(folder / "a.wav"), folder))
    assert (utterance.id, utterance.text, utterance.language) == (
        "a.wav",
        reference("english"),
        None,
    )
    listed = only(load(str(SAMPLES / "german.wav"), folder))
    assert (listed.text, listed.language) == (reference("german"), "de")


def test_several_datasets_keep_their_names(folder: Path, tmp_path: Path) -> None:
    utterances = load_all([str(folder), str(SAMPLES), str(folder / "a.wav")], tmp_path)
    assert [u.set for u in utterances][:3] == [folder.name, folder.name, "samples"]
    assert (utterances[0].id, utterances[-1].id) == (f"{folder.name}/a.wav", "a/a.wav")
    sample = choose(utterances, Choice(sample=1))
    assert [u.set for u in sample] == [folder.name, "samples", "a"]
    joined = join_each(utterances, 0, tmp_path / "joined")
    assert [u.set for u in joined] == [u.set for u in sample]
    assert len({u.audio for u in joined}) == 3
    with pytest.raises(OptionError, match="twice"):
        load_all([str(folder), str(folder)], tmp_path)


def test_datasets_of_the_same_name_get_longer_names(folder: Path) -> None:
    for name in ("one", "two"):
        (folder / name / "test").mkdir(parents=True)
        shutil.copy(SAMPLES / "english.wav", folder / name / "test")
    utterances = load_all([str(folder / name / "test") for name in ("one", "two")], folder)
    assert [u.set for u in utterances] == ["one-test", "two-test"]


def test_choices() -> None:
    assert choose(MANY, Choice()) == MANY
    for language in ("de", "german", "deu"):
        assert {u.language for u in choose(MANY, Choice(language=language))} == {"de"}
    assert [u.id for u in choose(MANY, Choice(ids=("7", "3.wav")))] == ["7.wav", "3.wav"]
    sample = choose(MANY, Choice(sample=5))
    assert len(sample) == 5 and sample == choose(MANY, Choice(sample=5))
    assert sample == sorted(sample, key=MANY.index)
    with raises(OptionError, "1 of 2"):
        choose(MANY, Choice(ids=("7", "99")))
    with pytest.raises(OptionError, match="no recordings match"):
        choose(MANY, Choice(language="fr"))
    with raises(OptionError, "klingon"):
        choose(MANY, Choice(language="klingon"))


def test_the_published_list_of_ids_is_complete() -> None:
    ids = (ROOT / "benchmarks" / "librispeech-250.txt").read_text().split()
    assert len(ids) == len(set(ids)) == 250


def test_an_unknown_dataset_fails_fast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="no such file or folder; see"):
        load(str(tmp_path / "nowhere"), tmp_path)
    with pytest.raises(OptionError, match="no such file or folder; see"):
        load("recordings/of/monday", tmp_path)
    monkeypatch.setattr(hub, "find_spec", lambda name: None)
    with raises(OptionError, "pip install datasets"):
        load("somebody/speech", tmp_path)
    monkeypatch.setattr(hub, "find_spec", lambda name: object())
    monkeypatch.setattr(download, "hub_outage", lambda: "no way out")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with raises(OptionError, "no way out", "HF_HUB_OFFLINE"):
        load("somebody/speech:clean", tmp_path)


def test_joined_recordings_are_in_order(tmp_path: Path) -> None:
    utterances = choose(load(None, tmp_path), Choice("en"))
    once = join(utterances, 0, tmp_path / "once.wav")
    twice = join(utterances, 2 * once.duration - 0.1, tmp_path / "twice.wav")
    short = join(utterances, 1, tmp_path / "short.wav")
    assert once.duration == pytest.approx(sum(u.duration + 0.5 for u in utterances), abs=0.01)
    assert twice.duration == pytest.approx(2 * once.duration, abs=0.01)
    assert once.text == " ".join(u.text or "" for u in utterances) and once.language == "en"
    assert short.text == utterances[0].text
    with wave.open(str(once.audio)) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(once.duration, abs=0.01)
    first = load_audio(utterances[0].audio)
    assert (load_audio(once.audio)[: len(first)] == first).all()


def test_the_warm_up_is_the_shortest_speech() -> None:
    silent = Utterance("s", Path(), "", None, 2.5)
    assert warm_up([*MANY, silent]).duration == 2.0


@pytest.mark.slow
def test_a_dataset_of_the_hub_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dataset as the Hub serves it (Parquet with embedded files), read from a folder."""
    pytest.importorskip("datasets")
    import pyarrow
    from pyarrow import parquet

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    rows = [
        {"audio": {"bytes": (SAMPLES / f"{name}.wav").read_bytes(), "path": f"{name}.wav"},
         "sentence": reference(name), "locale": locale}
        for name, locale in (("english", "en-US"), ("german", "de"))
    ]  # fmt: skip
    text = {"dtype": "string", "_type": "Value"}
    features = {"audio": {"_type": "Audio"}, "sentence": text, "locale": text}
    described = {"huggingface": json.dumps({"info": {"features": features}})}
    (tmp_path / "set" / "data").mkdir(parents=True)
    parquet.write_table(
        pyarrow.Table.from_pylist(rows).replace_schema_metadata(described),
        tmp_path / "set" / "data" / "test-00000-of-00001.parquet",
    )
    utterances = load(f"hf:{tmp_path / 'set'}", tmp_path / "audio")
    assert [(u.text, u.language) for u in utterances] == [
        (reference("english"), "en"),
        (reference("german"), "de"),
    ]
    assert utterances[0].audio.read_bytes() == (SAMPLES / "english.wav").read_bytes()
    assert utterances[0].duration > 5

"""Names of output files, and the record of whose they are."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.errors import raises
from unispeech.cli import names, naming
from unispeech.cli.inputs import expand
from unispeech.cli.output import Destination, Output
from unispeech.errors import OptionError
from unispeech.text.subtitles import Layout
from unispeech.types import Segment, Transcript

ROOTS = [PurePosixPath("/lib"), PureWindowsPath("C:/lib"), PureWindowsPath("//server/share/lib")]
PARTS = st.text("aAb.- [é\u0301", min_size=1, max_size=4).filter(lambda part: part.strip(". "))


@pytest.mark.parametrize("lib", ROOTS, ids=str)
def test_names_start_with_as_much_of_the_path_as_needed(lib: PurePath) -> None:
    paths = [lib / "b/talk.wav", lib / "a/talk.wav", lib / "a/a/talk.wav", lib / "x.y [1].mp3"]
    assert naming.assigned(paths, {}) == ["b-talk", "lib-a-talk", "a-a-talk", "x.y [1]"]
    assert naming.assigned(paths[:1], {}) == ["talk"]


@pytest.mark.parametrize("lib", ROOTS, ids=str)
def test_names_are_the_same_in_runs_one_at_a_time(lib: PurePath) -> None:
    owners: dict[str, PurePath] = {}
    for path in (lib / "b/talk.wav", lib / "a/talk.wav", lib / "a/a/talk.wav", lib / "b/TALK.mp3"):
        (name,) = naming.assigned([path], owners)
        owners[name] = path
    assert list(owners) == ["talk", "a-talk", "a-a-talk", "TALK.mp3"]
    paths = list(owners.values())[::-1]
    assert naming.assigned(paths, owners) == list(owners)[::-1]


@given(
    st.sampled_from(ROOTS),
    st.lists(st.lists(PARTS, min_size=1, max_size=3), max_size=8),
    st.randoms(use_true_random=False),
)
def test_names_are_unique_and_independent_of_order(
    root: PurePath, parts: list[list[str]], random: Random
) -> None:
    paths = list(dict.fromkeys(root.joinpath(*part) / "talk.wav" for part in parts))
    assigned = dict(zip(paths, naming.assigned(paths, {}), strict=True))
    assert len({naming.comparable(name) for name in assigned.values()}) == len(paths)
    random.shuffle(paths)
    assert naming.assigned(paths, {}) == [assigned[path] for path in paths]
    assert not any(set("/\\:") & set(name) for name in assigned.values())


def test_long_names_are_cut_and_stay_distinct() -> None:
    paths = [PurePosixPath("/") / f"{'你' * 82}{end}.wav" for end in "ab"]
    first, second = naming.assigned(paths, {})
    assert first != second and max(len(n.encode()) for n in (first, second)) <= naming.MAX_BYTES


@pytest.mark.parametrize(
    ("path", "folder", "stored"),
    [
        (PurePosixPath("/m/lib/talk.wav"), PurePosixPath("/m/subs"), "../lib/talk.wav"),
        (PureWindowsPath(r"C:\lib\talk.wav"), PureWindowsPath(r"C:\lib"), "talk.wav"),
        (PureWindowsPath(r"D:\talk.wav"), PureWindowsPath(r"C:\lib"), "D:/talk.wav"),
        (
            PureWindowsPath(r"\\nas\share\talk.wav"), PureWindowsPath(r"C:\lib"),
            "//nas/share/talk.wav",
        ),
    ],
)  # fmt: skip
def test_paths_are_stored_relative_to_the_folder(
    path: PurePath, folder: PurePath, stored: str
) -> None:
    assert naming.relative(path, folder) == stored
    assert naming.absolute(stored, folder) == path


def test_a_moved_recording_keeps_its_name_and_another_does_not_get_it(tmp_path: Path) -> None:
    old, new, other = (tmp_path / name / "talk.wav" for name in "abc")
    for path, content in ((old, "one"), (other, "another")):
        path.parent.mkdir()
        path.write_text(content)
    assert names.claim(tmp_path, [old]) == ["talk"]
    shutil.move(old.parent, new.parent)
    assert names.claim(tmp_path, [other, new]) == ["c-talk", "talk"]
    assert names.claim(tmp_path, [tmp_path / "missing.wav"]) == ["missing"]
    (tmp_path / names.RECORD).write_text("{")
    with raises(OptionError, names.RECORD):
        names.claim(tmp_path, [new])


def outputs(destination: Destination, *arguments: str) -> list[bool]:
    """Write a transcript of every input; return which of them were done before."""
    inputs = expand(arguments)
    output = Output(["txt", "srt"], destination, Layout(), several=True)
    output.place(inputs)
    done = [output.is_done(source) for source in inputs]
    for source in inputs:
        text = str(source.path)
        output.end(source, Transcript(text, "de", 1.0, (Segment(0, 0, 1, text),), "f", "m"))
    return done


@pytest.mark.parametrize("suffix", [False, True])
def test_every_input_has_its_own_files_in_every_run(tmp_path: Path, suffix: bool) -> None:
    destination = Destination(tmp_path / "subs", language_suffix=suffix)
    written: dict[str, str] = {}
    for number, folder in enumerate(("b [1]", "a", "a/a")):
        recording = tmp_path / "lib" / folder / "talk.wav"
        recording.parent.mkdir(parents=True, exist_ok=True)
        recording.touch()
        done = outputs(destination, str(tmp_path / "lib"))
        assert done.count(True) == number and len(done) == number + 1
        texts = {p.name: p.read_text() for p in (tmp_path / "subs").glob("*.txt")}
        assert written.items() <= texts.items() and len(set(texts.values())) == number + 1
        written = texts
    infix = ".de" if suffix else ""
    assert sorted(written) == sorted(f"{n}{infix}.txt" for n in ("talk", "a-talk", "a-a-talk"))


def test_files_beside_their_inputs(tmp_path: Path) -> None:
    for name in ("a/talk.wav", "b/talk.wav", "b/talk.mp3", "b/-x.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    outputs(Destination(beside=True), str(tmp_path))
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.srt"))
    assert found == ["a/talk.srt", "b/-x.srt", "b/talk.mp3.srt", "b/talk.wav.srt"]


def test_files_of_older_versions_are_recognised(tmp_path: Path) -> None:
    (tmp_path / "talk.wav").touch()
    for format in ("txt", "srt"):
        (tmp_path / f"talk.{format}").write_text("before")
    assert outputs(Destination(tmp_path), str(tmp_path / "talk.wav")) == [True]
    assert (tmp_path / "talk.txt").read_text() == "before"

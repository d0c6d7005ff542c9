"""The watched folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.samples import SAMPLES, reference, words
from unispeech.cli.arrivals import RETRIES, Arrivals
from unispeech.cli.inputs import Input, recordings
from unispeech.cli.output import Destination, Output
from unispeech.cli.watch import Watched
from unispeech.text.subtitles import Layout
from unispeech.types import Segment, Transcript

ENGLISH = SAMPLES / "english.wav"


def test_a_recording_is_complete_when_it_stops_changing(tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(b"1")
    arrivals = Arrivals(quiet=5.0)
    arrivals.note([tmp_path], 0.0)
    assert arrivals.complete(4.9) == []
    path.write_bytes(b"12")
    assert arrivals.complete(6.0) == [] and arrivals.complete(10.9) == []
    assert arrivals.complete(11.0) == [path]
    path.unlink()
    assert arrivals.complete(12.0) == [] and not arrivals.has_more()


def test_empty_hidden_and_other_files_are_not_recordings(tmp_path: Path) -> None:
    for name in ("notes.txt", ".talk.wav", "talk.wav.part"):
        (tmp_path / name).write_bytes(b"1")
    (tmp_path / "empty.wav").touch()
    assert recordings(tmp_path) == [tmp_path / "empty.wav"]
    arrivals = Arrivals(quiet=0.0)
    arrivals.note([tmp_path], 0.0)
    assert arrivals.complete(1.0) == []


def test_a_failed_recording_is_tried_three_times_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(b"1")
    arrivals = Arrivals(quiet=0.0)
    arrivals.note([path], 0.0)
    now = 0.0
    for wait in RETRIES:
        assert arrivals.complete(now) == [path] and arrivals.fail(path, now) == wait
        assert arrivals.complete(now + wait - 1) == []
        now += wait
    assert arrivals.fail(path, now) is None and arrivals.complete(now + 1e6) == []
    path.write_bytes(b"12")
    arrivals.note([path], now)
    assert arrivals.complete(now) == [path]


def folder_of_transcripts(
    tmp_path: Path, move_to: Path | None = None, overwrite: bool = False
) -> tuple[Watched, list[str]]:
    """A watched folder `in`, whose recordings get their own bytes as their text."""
    tried: list[str] = []
    (tmp_path / "in").mkdir(exist_ok=True)
    destination = Destination(tmp_path / "out", overwrite=overwrite)
    output = Output(["txt"], destination, Layout(), several=True)

    def transcribe(inputs: list[Input]) -> None:
        for source in inputs:
            assert source.path is not None
            text = source.path.read_text()
            tried.append(text)
            if text != "bad":
                output.end(source, Transcript("", "en", 1.0, (Segment(0, 0, 1, text),), "f", "m"))

    return Watched(tmp_path / "in", output, move_to, 0.0, transcribe), tried


def arrive(watched: Watched, path: Path, text: str) -> None:
    path.write_text(text)
    watched.arrivals.note([path], 0.0)
    watched.work(0.0)


def test_what_is_done_is_done_after_a_restart_too(tmp_path: Path) -> None:
    for _ in range(2):
        watched, tried = folder_of_transcripts(tmp_path)
        for name, text in (("a.wav", "one"), ("b.wav", "bad")):
            arrive(watched, tmp_path / "in" / name, text)
    assert tried == ["bad"]  # of the second start
    assert [p.name for p in (tmp_path / "out").glob("*.txt")] == ["a.txt"]
    assert sorted(p.name for p in (tmp_path / "in").iterdir()) == ["a.wav", "b.wav"]


def test_moved_recordings_make_room_for_others_of_their_name(tmp_path: Path) -> None:
    watched, tried = folder_of_transcripts(tmp_path, move_to=tmp_path / "done")
    for text in ("one", "two", "three", "four"):
        arrive(watched, tmp_path / "in" / "talk.wav", text)
    assert tried == ["one", "two", "three", "four"] and not list((tmp_path / "in").iterdir())
    assert sorted(path.read_text() for path in (tmp_path / "done").iterdir()) == sorted(tried)
    written = {path.read_text().strip() for path in (tmp_path / "out").glob("*.txt")}
    assert written == set(tried)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_changed_recording_is_transcribed_again_only_with_overwrite(
    tmp_path: Path, overwrite: bool
) -> None:
    watched, tried = folder_of_transcripts(tmp_path, overwrite=overwrite)
    recording = tmp_path / "in" / "talk.wav"
    arrive(watched, recording, "one")
    recording.write_text("two")
    later = time.time() + 10
    os.utime(recording, (later, later))
    watched.arrivals.note([recording], 0.0)
    watched.work(0.0)
    assert tried == (["one", "two"] if overwrite else ["one"])


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120  # a hang lasts two minutes; loading takes seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [[], ["--poll"]], ids=["events", "polling"])
def test_recordings_that_appear_are_transcribed(tmp_path: Path, arguments: list[str]) -> None:
    inbox = tmp_path / "in [1]"
    inbox.mkdir()
    shutil.copy(ENGLISH, inbox / "first.wav")
    process = subprocess.Popen(
        [sys.executable, "-m", "unispeech", "watch", str(inbox), "--model", "tiny.en",
         "--quiet-for", "0.5", *arguments],
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        wait_for((inbox / "first.txt").exists)
        later = inbox / "later"
        later.mkdir()
        with (later / "slow.wav").open("wb") as file:
            content = ENGLISH.read_bytes()
            for start in range(0, len(content), len(content) // 4 + 1):
                file.write(content[start : start + len(content) // 4 + 1])
                file.flush()
                time.sleep(0.3)
                assert not (later / "slow.txt").exists()
        wait_for((later / "slow.txt").exists)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert process.returncode == 130 and b"Traceback" not in errors
    for path in (inbox / "first.txt", later / "slow.txt"):
        assert words(path.read_text()) == words(reference("english"))


@pytest.mark.slow
def test_once_ends_with_1_if_a_recording_failed(tmp_path: Path) -> None:
    shutil.copy(ENGLISH, tmp_path / "good.wav")
    (tmp_path / "bad.wav").write_text("no audio")
    done = subprocess.run(
        [sys.executable, "-m", "unispeech", "watch", str(tmp_path), "--model", "tiny.en",
         "--once", "--quiet-for", "0"],
        capture_output=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 1 and (tmp_path / "good.txt").exists()
    assert b"next attempt" in done.stderr and b"Traceback" not in done.stderr

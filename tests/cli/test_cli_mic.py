"""`unispeech mic` in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import wave
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support.page_scene import joined
from support.samples import SAMPLES, reference, words
from unispeech.audio.recording import load
from unispeech.cli import dictation
from unispeech.cli.captions import Captions
from unispeech.errors import AudioError
from unispeech.options import TranscribeOptions
from unispeech.realtime.mic import Device, choose
from unispeech.types import Segment


def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "unispeech", "mic", *arguments],
        input=stdin,
        capture_output=True,
        timeout=200,
        check=False,
    )


def test_a_fast_file_gives_lines_and_saved_files(tmp_path: Path) -> None:
    name = str(tmp_path / "talk")
    file = str(SAMPLES / "pause.wav")
    done = run("--input", file, "--fast", "--model", "tiny.en", "--save", name)
    assert done.returncode == 0, done.stderr
    assert words(done.stdout.decode()) == words(reference("pause"))
    assert words(Path(f"{name}.txt").read_text()) == words(reference("pause"))
    saved = json.loads(Path(f"{name}.json").read_text())
    assert saved["segments"][0]["words"] and saved["language"] == "en"
    with wave.open(f"{name}.wav") as recorded:
        assert abs(recorded.getnframes() - len(load(SAMPLES / "pause.wav"))) < 2
    again = run("--input", file, "--fast", "--model", "tiny.en", "--save", name)
    assert again.returncode == 1 and b"talk.wav" in again.stderr


def test_the_text_is_saved_even_if_a_rule_does_not_know_its_language(tmp_path: Path) -> None:
    options = TranscribeOptions.of(remove_fillers=True)
    fake_session: Any = SimpleNamespace(
        language="cs", time=1.0, hearing=SimpleNamespace(options=options)
    )
    fake_source: Any = SimpleNamespace(warnings=list, complete=True)
    fake_engine: Any = SimpleNamespace(
        spec=SimpleNamespace(name="faster"), facts=SimpleNamespace(name="base"), options=options
    )
    result = dictation._Result(lines=[Segment(0, 0.0, 1.0, " um ano")])
    name = str(tmp_path / "talk")
    dictation._write(name, result, fake_source, fake_session, fake_engine)
    assert Path(f"{name}.txt").read_text() == "um ano\n"
    assert json.loads(Path(f"{name}.json").read_text())["text"] == "um ano"


def cut(path: Path, seconds: float) -> Path:
    """Write the beginning of a sample, which is played in real time."""
    with wave.open(str(SAMPLES / "english.wav")) as whole, wave.open(str(path), "wb") as file:
        file.setparams(whole.getparams())
        file.writeframes(whole.readframes(int(seconds * whole.getframerate())))
    return path


@pytest.mark.slow
def test_raw_pcm_on_stdin_gives_json_lines() -> None:
    pcm = (load(SAMPLES / "english.wav") * 32767).astype("<i2").tobytes()
    done = run("-", "--model", "tiny.en", "--output-format", "jsonl", stdin=pcm)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    finals = "".join(event["text"] for event in events if event["type"] == "final")
    assert words(finals) == words(reference("english"))
    assert all({"type", "start", "end", "text", "words"} <= event.keys() for event in events)
    assert events[-1]["type"] == "endpoint"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for a child alone")
def test_ctrl_c_ends_the_sound_and_the_rest_is_transcribed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "unispeech", "mic", "--model", "tiny.en", "--input"]
    sound = joined(tmp_path / "long.wav", 10)
    process = subprocess.Popen(
        [*command, str(sound), "--output-format", "jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Shells make background jobs ignore Ctrl-C, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    assert json.loads(first)["type"] == "partial"
    process.send_signal(signal.SIGINT)
    try:
        rest, errors = process.communicate(timeout=100)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    events = [json.loads(line) for line in rest.splitlines()]
    assert events[-1]["type"] == "endpoint"
    assert events[-1]["end"] < 120  # of six minutes, played in real time


def test_a_truncated_file_is_transcribed_to_its_end_with_a_warning(tmp_path: Path) -> None:
    cut, name = tmp_path / "cut.wav", str(tmp_path / "saved")
    whole = (SAMPLES / "pause.wav").read_bytes()
    cut.write_bytes(whole[: 44 + int(1.9 * 32_000)])  # in the middle of a sentence
    done = run("--input", str(cut), "--fast", "--model", "tiny.en", "--save", name)
    assert done.returncode == 1
    assert b"ends after 1.9 s" in done.stderr and b"Traceback" not in done.stderr
    assert words(done.stdout.decode())[:6] == words(reference("pause"))[:6]
    saved = json.loads(Path(f"{name}.json").read_text())
    assert "ends after 1.9 s" in saved["warnings"][0]
    assert words(saved["text"]) == words(done.stdout.decode())


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for a child alone")
def test_a_closed_pipe_does_not_prevent_saving(tmp_path: Path) -> None:
    name = str(tmp_path / "saved")
    arguments = ["mic", "--input", str(SAMPLES / "pause.wav"), "--fast", "--save", name]
    process = subprocess.Popen(
        [sys.executable, "-m", "unispeech", *arguments, "--model", "tiny.en", "-f", "jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    with process:
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
    assert process.returncode in (1, 141)  # click's code for closed output, or ours
    assert b"Traceback" not in errors and b"saved" in errors
    assert json.loads(Path(f"{name}.json").read_text())["duration"] > 0.5


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals of this kind")
def test_a_terminal_shows_the_current_line_above_level_and_lag(tmp_path: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    file = cut(tmp_path / "talk.wav", 4.0)
    process = subprocess.Popen(
        [sys.executable, "-m", "unispeech", "mic", "--input", str(file), "--model", "tiny.en"],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while piece := os.read(ours, 65536):
            shown += piece
    assert process.wait(timeout=100) == 0
    text = shown.decode()
    assert "\x1b[2K" in text  # erases a line before rewriting it
    assert "▕" in text and "█" in text  # the meter
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    assert re.search(r"▏(  up to date | +\d+\.\d s behind)  talk\.wav · tiny\.en", plain)
    last = text[text.rindex("\x1b[2K") :]
    assert "▕" not in last  # the status line is gone


@pytest.mark.parametrize(
    ("lag", "shown"),
    [
        (0.0, "  up to date "),
        (0.04, "  up to date "),
        (0.05, "  0.1 s behind"),
        (12.3, " 12.3 s behind"),
    ],
)
def test_the_status_line_shows_the_lag(lag: float, shown: str) -> None:
    captions = Captions("talk.wav", level=lambda: 0.0, time=lambda: 61.0, lag=lambda: lag)
    status = captions._status().plain
    assert status == f"  ● 1:01 ▕{' ' * 14}▏{shown}  talk.wav"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--input", "missing.wav"], 1, "missing.wav: there is no such file"),
        (["--fast"], 2, "--fast needs"),
        (["-", "--input", "x.wav"], 2, "either"),
        (["-", "--sample-rate", "5"], 1, "5 Hz"),
        (["--input", "-", "--sample-rate", "5"], 1, "5 Hz"),
        (["--input", "x.wav", "--sample-rate", "8000"], 2, "--sample-rate"),
        (["--input", "x.wav", "--input-device", "usb"], 2, "--input-device"),
        (["--input", __file__], 1, "not audio"),
        (["-", "--model", "tiny.en", "--step", "99"], 2, "step is 99"),
    ],
)
def test_wrong_usage_is_one_clear_line(arguments: list[str], code: int, message: str) -> None:
    done = run(*arguments)
    assert done.returncode == code and message in done.stderr.decode(), done.stderr
    assert b"Traceback" not in done.stderr


def test_a_missing_microphone_is_one_clear_line() -> None:
    done = run("--input-device", "no such microphone")
    assert done.returncode == 1
    expected = (
        ("there is no microphone", "PortAudio", "no such microphone")
        if find_spec("sounddevice")
        else ("unispeech[mic]",)
    )
    assert any(part in done.stderr.decode() for part in expected), done.stderr


def test_a_microphone_is_chosen_by_number_name_or_default() -> None:
    devices = [
        Device(0, "Built-in Microphone", 1, 48_000, False),
        Device(3, "USB Microphone", 2, 44_100, True),
        Device(5, "Monitor of Speakers", 2, 48_000, False),
    ]
    assert choose(None, devices).index == 3
    assert choose("0", devices).index == 0
    assert choose("usb", devices).index == 3
    assert choose("monitor", devices).loopback
    with pytest.raises(AudioError, match="several"):
        choose("microphone", devices)
    with pytest.raises(AudioError, match="no input device '7'"):
        choose("7", devices)
    with pytest.raises(AudioError, match="no microphone"):
        choose(None, [])

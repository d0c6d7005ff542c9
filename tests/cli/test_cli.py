"""The command line as a user meets it: real commands, what they print, their exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from support.recordings import silent_video, truncated_wav
from support.samples import SAMPLES, reference, words
from unispeech.audio.recording import load

ENGLISH = str(SAMPLES / "english.wav")
PAUSE = str(SAMPLES / "pause.wav")


def run(
    *arguments: str,
    stdin: bytes | None = None,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "unispeech", *arguments],
        input=stdin, capture_output=True, cwd=cwd, env={**os.environ, **(env or {})}, timeout=200,
    )  # fmt: skip


def transcribe(*arguments: str, **more: object) -> subprocess.CompletedProcess[bytes]:
    return run("transcribe", "--model", "tiny.en", "--beam-size", "1", *arguments, **more)  # type: ignore[arg-type]


def said(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    lines = done.stderr.decode().strip().splitlines()
    assert not any("Traceback" in line for line in lines), done.stderr.decode()
    return lines


def test_the_text_is_on_stdout_and_nothing_else() -> None:
    done = transcribe(ENGLISH)
    assert done.returncode == 0
    assert words(done.stdout.decode()) == words(reference("english"))
    assert done.stderr == b""


def test_stdin() -> None:
    done = transcribe("-", "--output-format", "json", stdin=Path(ENGLISH).read_bytes())
    assert done.returncode == 0
    assert words(json.loads(done.stdout)["text"]) == words(reference("english"))


def test_many_files_bad_ones_among_them(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    good = tmp_path / "in" / "talk.wav"
    good.write_bytes(Path(ENGLISH).read_bytes())
    (tmp_path / "in" / "talk.flac").write_bytes(b"not audio" * 100)
    (tmp_path / "in" / "empty.mp3").touch()
    silent_video(tmp_path / "in" / "mute.mp4")
    truncated_wav(tmp_path / "in" / "cut.wav", load(SAMPLES / "pause.wav"), 0.4)
    done = transcribe(
        str(tmp_path / "in"), "missing.wav", "--output-format", "all", "--output-dir",
        str(tmp_path / "out"),
    )  # fmt: skip
    assert done.returncode == 1
    lines = said(done)
    for name in ("talk.flac", "empty.mp3", "mute.mp4", "cut.wav", "missing.wav"):
        assert sum(name in line for line in lines) == 1, (name, lines)
    assert len(lines) == 5
    written = sorted(p.name for p in (tmp_path / "out").iterdir())
    formats = ("json", "srt", "tsv", "txt", "vtt")
    assert written == sorted(f"{stem}.{f}" for stem in ("cut", "talk.wav") for f in formats)
    assert words((tmp_path / "out" / "talk.wav.txt").read_text()) == words(reference("english"))
    assert "open the door" in (tmp_path / "out" / "cut.txt").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("--language", "fr"), 2, "tiny.en"),
        (("--language", "swahilli"), 2, "swahili"),
        (("--task", "translate"), 2, "translate"),
        (("--backend", "fster"), 2, "faster"),
        (("--model", "bse.en"), 2, "base.en"),
        (("--compute-type", "int3"), 2, "--compute-type"),
        (("--strategy", "native", "--batch-size", "4"), 2, "--batch-size"),
        (("--beam-size", "0"), 2, "--beam-size"),
        (("--temperature", "hot"), 2, "number"),
        (("--output-format", "docx"), 2, "docx"),
        (("--skip-existing",), 2, "--output-dir"),
        (("--batchsize", "4"), 2, "--batch-size"),
    ],
)
def test_wrong_usage_is_one_clear_line(
    arguments: tuple[str, ...], code: int, expected: str
) -> None:
    model = () if "--model" in arguments else ("--model", "tiny.en")
    done = run("transcribe", ENGLISH, *model, *arguments)
    assert done.returncode == code
    lines = [line for line in said(done) if not line.startswith(("Usage:", "Try "))]
    assert len([line for line in lines if line]) == 1 and expected in lines[-1], lines
    assert done.stdout == b""


def test_a_folder_without_recordings_and_a_pattern_without_matches(tmp_path: Path) -> None:
    assert run("transcribe", str(tmp_path)).returncode == 2
    assert run("transcribe", str(tmp_path / "*.wav")).returncode == 2
    assert run("transcribe").returncode == 2


def test_a_pattern_and_skipping_what_is_done(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = transcribe(str(SAMPLES / "e*.wav"), "-f", "srt", "-o", str(out))
    assert first.returncode == 0 and [p.name for p in out.iterdir()] == ["english.srt"]
    before = (out / "english.srt").stat().st_mtime_ns
    again = transcribe(str(SAMPLES / "e*.wav"), "-f", "srt", "-o", str(out), "--skip-existing")
    assert again.returncode == 0 and (out / "english.srt").stat().st_mtime_ns == before


def test_word_limits_cut_subtitles() -> None:
    done = transcribe(ENGLISH, "-f", "srt", "--max-words-per-line", "3")
    texts = done.stdout.decode().split("\n\n")
    assert all(len(block.splitlines()[2].split()) <= 3 for block in texts if block.strip())


def test_ctrl_c_keeps_what_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    truncated_wav(path, np.tile(load(SAMPLES / "english.wav"), 60), 1.0)
    process = subprocess.Popen(
        [sys.executable, "-m", "unispeech", "transcribe", "--model", "tiny.en", "--beam-size", "1",
         "-f", "txt", "-o", str(tmp_path / "out"), ENGLISH, str(path)],
        stderr=subprocess.PIPE, stdout=subprocess.PIPE,
        # Tests in the background are told to ignore Ctrl-C, and so would their children be.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    until = time.monotonic() + 120
    while not (tmp_path / "out" / "english.txt").exists() and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    try:
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert errors.decode().strip() == "unispeech: stopped"
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["english.txt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_said() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "unispeech", "transcribe", "--model", "tiny.en", ENGLISH],
            stdout=full, stderr=subprocess.PIPE, timeout=100,
        )  # fmt: skip
    assert done.returncode == 1
    assert "No space left" in said(done)[0] and len(said(done)) == 1


def test_a_reader_that_leaves_is_no_error() -> None:
    command = f"{sys.executable} -m unispeech transcribe --model tiny.en {PAUSE} | head -c 1"
    done = subprocess.run(command, shell=True, capture_output=True, timeout=100)
    assert done.stderr == b""


def test_offline_is_enough_once_the_model_is_here() -> None:
    done = transcribe(ENGLISH, env={"https_proxy": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "1"})
    assert done.returncode == 0


def test_environments_are_asked_for_by_any_name_of_a_backend(tmp_path: Path) -> None:
    env = {"UNISPEECH_ENV_DIR": str(tmp_path)}
    done = run("backends", "install", "whisper-jax", "--dry-run", env=env)
    assert done.returncode == 0 and f"would install into {tmp_path}/jax-" in done.stdout.decode()
    for arguments, code, line in (
        (("install", "openai"), 2, "run: pip install 'unispeech[openai]'"),
        (("install", "whisprex"), 2, "did you mean 'whisperx'?"),
        (("list",), 0, "these can be installed: jax, openvino, whisperx"),
    ):
        done = run("backends", *arguments, env=env)
        (told,) = said(done)
        assert done.returncode == code and line in told
    assert run("backends", "remove", "openvino", env=env).stdout == b"openvino was not installed\n"
    assert run("backends", "doctor", env=env).returncode == 0


@pytest.mark.parametrize("command", ["", "transcribe", "models", "backends", "bench"])
def test_every_help(command: str) -> None:
    done = run(*([command] if command else []), "--help")
    assert done.returncode == 0 and done.stdout.startswith(b"Usage: unispeech")


def test_backends_says_what_is_installed_and_what_each_can_do() -> None:
    done = run("backends", env={"COLUMNS": "200"})
    text = done.stdout.decode()
    assert done.returncode == 0
    assert "faster" in text and "installed" in text and "translate" in text

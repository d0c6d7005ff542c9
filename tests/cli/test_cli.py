"""The command line in processes of its own: output, messages and exit codes."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np
import pytest

from support.recordings import silent_video, truncated_wav
from support.samples import ROOT, SAMPLES, reference, words
from unispeech.audio.recording import load
from unispeech.backends.choose import Measurement
from unispeech.cli import cli, flags
from unispeech.cli.hardware import Hardware
from unispeech.cli.models import suggest
from unispeech.models import store
from unispeech.option_schema import Option
from unispeech.options import options_for

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


def messages(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    lines = done.stderr.decode().strip().splitlines()
    assert not any("Traceback" in line for line in lines), done.stderr.decode()
    return lines


def test_stdout_has_only_the_text() -> None:
    done = transcribe(ENGLISH)
    assert done.returncode == 0
    assert words(done.stdout.decode()) == words(reference("english"))
    assert done.stderr == b""


def test_stdin_is_transcribed() -> None:
    done = transcribe("-", "--output-format", "json", stdin=Path(ENGLISH).read_bytes())
    assert done.returncode == 0
    assert words(json.loads(done.stdout)["text"]) == words(reference("english"))


def test_bad_files_among_many_are_reported_and_skipped(tmp_path: Path) -> None:
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
    lines = messages(done)
    for name in ("talk.flac", "empty.mp3", "mute.mp4", "cut.wav", "missing.wav"):
        assert sum(name in line for line in lines) == 1, (name, lines)
    assert len(lines) == 5
    written = sorted(p.name for p in (tmp_path / "out").glob("[!.]*"))
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
        (("--output-format", "doc"), 2, "docx"),
        (("--times", "--format", "srt"), 2, "--times"),
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
    lines = [line for line in messages(done) if not line.startswith(("Usage:", "Try "))]
    assert len([line for line in lines if line]) == 1 and expected in lines[-1], lines
    assert done.stdout == b""


def test_inputs_without_recordings_are_usage_errors(tmp_path: Path) -> None:
    assert run("transcribe", str(tmp_path)).returncode == 2
    assert run("transcribe", str(tmp_path / "*.wav")).returncode == 2
    assert run("transcribe").returncode == 2


def test_skip_existing_leaves_output_files_untouched(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = transcribe(str(SAMPLES / "e*.wav"), "-f", "srt", "-o", str(out))
    assert first.returncode == 0 and [p.name for p in out.glob("[!.]*")] == ["english.srt"]
    before = (out / "english.srt").stat().st_mtime_ns
    again = transcribe(str(SAMPLES / "e*.wav"), "-f", "srt", "-o", str(out), "--skip-existing")
    assert again.returncode == 0 and (out / "english.srt").stat().st_mtime_ns == before
    refused = transcribe(ENGLISH, "-f", "srt", "-o", str(out))
    assert refused.returncode == 1 and "--overwrite" in messages(refused)[0]
    assert (out / "english.srt").stat().st_mtime_ns == before
    assert transcribe(ENGLISH, "-f", "srt", "-o", str(out), "--overwrite").returncode == 0
    assert (out / "english.srt").stat().st_mtime_ns > before


def test_max_words_per_line_splits_subtitles() -> None:
    done = transcribe(ENGLISH, "-f", "srt", "--max-words-per-line", "3")
    texts = done.stdout.decode().split("\n\n")
    assert all(len(block.splitlines()[2].split()) <= 3 for block in texts if block.strip())


def test_ctrl_c_keeps_finished_files(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    truncated_wav(path, np.tile(load(SAMPLES / "english.wav"), 60), 1.0)
    process = subprocess.Popen(
        [sys.executable, "-m", "unispeech", "transcribe", "--model", "tiny.en", "--beam-size", "1",
         "-f", "txt", "-o", str(tmp_path / "out"), ENGLISH, str(path)],
        stderr=subprocess.PIPE, stdout=subprocess.PIPE,
        # Shells make background jobs ignore Ctrl-C, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not (tmp_path / "out" / "english.txt").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    try:
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert errors.decode().strip() == "unispeech: stopped"
    assert [p.name for p in (tmp_path / "out").glob("[!.]*")] == ["english.txt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_reported() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "unispeech", "transcribe", "--model", "tiny.en", ENGLISH],
            stdout=full, stderr=subprocess.PIPE, timeout=100,
        )  # fmt: skip
    assert done.returncode == 1
    assert "No space left" in messages(done)[0] and len(messages(done)) == 1


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m unispeech transcribe --model tiny.en {PAUSE} | head -c 1"
    done = subprocess.run(command, shell=True, capture_output=True, timeout=100)
    assert done.stderr == b""


def test_a_downloaded_model_works_offline() -> None:
    done = transcribe(ENGLISH, env={"https_proxy": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "1"})
    assert done.returncode == 0


def test_backends_commands_accept_every_name_of_a_backend(tmp_path: Path) -> None:
    env = {"UNISPEECH_ENV_DIR": str(tmp_path)}
    done = run("backends", "install", "whisper-jax", "--dry-run", env=env)
    assert done.returncode == 0 and f"would install into {tmp_path}/jax-" in done.stdout.decode()
    for arguments, code, line in (
        (("install", "openai"), 2, "run: pip install 'unispeech[openai]'"),
        (("install", "whisprex"), 2, "did you mean 'whisperx'?"),
        (("list",), 0, "these can be installed: jax, mlx, openvino, whisperx"),
    ):
        done = run("backends", *arguments, env=env)
        (message,) = messages(done)
        assert done.returncode == code and line in message
    assert run("backends", "remove", "openvino", env=env).stdout == b"openvino was not installed\n"
    assert run("backends", "doctor", env=env).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("trancribe", ENGLISH), "did you mean 'transcribe'?"),
        ((ENGLISH,), f"to transcribe it: unispeech transcribe {ENGLISH}"),
        (("models", "lst"), "did you mean 'list'?"),
        (("keys", "xyz"), "see: unispeech keys --help"),
        (("transcribe", "--output_format", "srt", ENGLISH), "; did you mean --output-format?"),
        (("transcribe", "--lang=en", ENGLISH), "; did you mean --language?"),
        (("transcribe", "--xyz", ENGLISH), "see: unispeech transcribe --help"),
    ],
)
def test_unknown_commands_and_options_suggest_the_nearest(
    arguments: tuple[str, ...], line: str
) -> None:
    done = run(*arguments)
    (message,) = messages(done)
    assert done.returncode == 2 and message.endswith(line)


def test_no_arguments_show_five_commands_and_where_the_rest_is() -> None:
    done = run()
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 2 and done.stdout == b""
    assert sum(line.startswith("  ") and " unispeech " in line for line in lines) == 5
    assert "unispeech --help" in done.stderr.decode()
    assert max(map(len, lines)) <= 80


def test_backends_fit_80_columns_and_mark_installation_size_and_speed(tmp_path: Path) -> None:
    figures = [
        Measurement("faster", "tiny.en", 5, 4.0, 20.25, "default"),
        Measurement("cpp", "tiny.en", 5, 4.1, 3.6, "default"),
        Measurement("faster", "base", 5, 3.0, 9.0, "default"),
    ]
    (tmp_path / "benchmark.json").write_text(json.dumps([asdict(row) for row in figures]))
    env = {"COLUMNS": "80", "UNISPEECH_DATA_DIR": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    done = run("backends", env={**env, "UNISPEECH_ENV_DIR": str(tmp_path / "none")})
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0 and max(map(len, lines)) <= 80
    (faster,) = [line for line in lines if line.startswith("✓★")]
    assert "faster" in faster and " MB" in faster and faster.endswith("20.2x")
    (openvino,) = [line for line in lines if " OpenVINO" in line]
    assert "✓" not in openvino and "~" in openvino
    assert "install openvino: unispeech backends install openvino" in lines


def test_models_list_fits_80_columns_and_states_sizes() -> None:
    store.obtain("tiny.en")
    done = run("models", "list", env={"COLUMNS": "80", "PYTHONIOENCODING": "utf-8"})
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0 and max(map(len, lines)) <= 80
    (tiny,) = [line for line in lines if " tiny.en " in line]
    assert tiny.startswith("✓") and " MB" in tiny and "ctranslate2" in tiny
    (turbo,) = [line for line in lines if " large-v3-turbo " in line]
    assert "1.6 GB" in turbo
    assert sum("★" in line for line in lines) == 2  # a model and the legend


@pytest.mark.parametrize(
    ("gpus", "cores", "model"),
    [(("NVIDIA H200",), 2, "large-v3-turbo"), ((), 16, "small"), ((), 2, "base")],
)
def test_the_suggested_model_depends_on_the_hardware(
    gpus: tuple[str, ...], cores: int, model: str
) -> None:
    assert suggest(Hardware(cores, 8_000_000_000, gpus)) == model


def commands(group: click.Group, path: str = "unispeech") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


@pytest.mark.parametrize(("path", "command"), [("unispeech", cli), *commands(cli)])
def test_every_help_fits_80_columns_and_its_examples_parse(
    path: str, command: click.Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)  # an example names a file of the repository
    context = click.Context(command, info_name=path, max_content_width=80)
    text = command.get_help(context)
    wide = [line for line in text.splitlines() if len(line) > 80 and "unispeech" not in line]
    assert not wide
    _, _, rest = text.partition("Examples:\n")
    examples = [line.strip() for line in rest.partition("\n\n")[0].splitlines()]
    assert 1 <= len(examples) <= 3
    for example in examples:
        arguments = shlex.split(example.split("unispeech ", 1)[1].partition(" >> ")[0])
        with contextlib.suppress(click.exceptions.Exit):  # --help
            parse(cli, arguments)


def parse(command: click.Command, arguments: list[str]) -> None:
    """Parse arguments down to the last command without running it. Raises UsageError."""
    context = command.make_context("unispeech", arguments)
    if isinstance(command, click.Group) and context._protected_args:
        name, subcommand, rest = command.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        assert subcommand is not None, name
        parse(subcommand, rest)


@pytest.mark.parametrize("name", options_for("cli"), ids=lambda row: row.name)
def test_every_option_has_a_group_in_the_help(name: Option) -> None:
    assert name.name in flags.GROUP_OF


def test_backends_show_names_the_compute_types_of_one_backend() -> None:
    done = run("backends", "show", "faster-whisper")
    text = done.stdout.decode()
    assert done.returncode == 0 and "int8_float16" in text and "installed" in text

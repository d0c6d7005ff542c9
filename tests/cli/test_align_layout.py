"""Layout and choices of formats of `unispeech align`, with SoundSwallower."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from support.samples import SAMPLES
from unispeech.cli import cli
from unispeech.text.layout.limits import LAYOUT_OPTIONS

TEXT = "Please wait here for a moment while I open the door."


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["align", *map(str, arguments)])


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "words.txt"
    path.write_text(f"{TEXT}\nThank you for waiting.\n", encoding="utf-8")
    return path


def test_align_lays_out_subtitles(words: Path) -> None:
    recording = (SAMPLES / "pause.wav", words, "--language", "en", "--quiet", "-f", "srt")
    shown = run(*recording, "--preset", "bbc", "--max-line-width", "20", "--max-line-count", "1")
    assert shown.exit_code == 0
    lines = [line for line in shown.stdout.splitlines() if line and "-->" not in line]
    assert len(lines) > 4 and max(map(len, lines)) <= 20


def test_align_prints_each_line_of_text_once(words: Path) -> None:
    recording = (SAMPLES / "pause.wav", words, "--language", "en", "--quiet", "-f", "txt")
    assert run(*recording).stdout == words.read_text(encoding="utf-8")
    timed = run(*recording, "--times").stdout.splitlines()
    assert [line.partition("] ")[2] for line in timed] == words.read_text().splitlines()


def test_align_keeps_the_speakers_of_subtitles(tmp_path: Path) -> None:
    path = tmp_path / "talk.vtt"
    path.write_text(
        f"WEBVTT\n\n00:00.000 --> 00:03.000\n<v Ada>{TEXT}\n\n"
        "00:03.000 --> 00:05.000\nThank you for waiting.\n",
        encoding="utf-8",
    )
    recording = (SAMPLES / "pause.wav", path, "--language", "en", "--quiet", "-f")
    assert f"[Ada]: {TEXT}\n" in run(*recording, "srt").stdout
    assert "[?]: Thank you for waiting.\n" in run(*recording, "srt").stdout
    assert "speakers (tsv)" in run(*recording, "tsv").stderr


@pytest.mark.parametrize("row", LAYOUT_OPTIONS, ids=lambda row: row.field)
def test_align_has_every_option_of_the_layout(row: object) -> None:
    assert f"--{row.field.replace('_', '-')}" in run("--help").stdout  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--preset", "bbc", "-f", "json"), "srt"),
        (("--paragraphs",), "txt"),
        (("--preset", "cinema", "-f", "srt"), "netflix"),
        (("-f", "rttm"), "speakers"),
    ],
)
def test_options_that_do_not_go_with_the_format_are_refused(
    words: Path, options: tuple[str, ...], named: str
) -> None:
    refused = run(SAMPLES / "pause.wav", words, *options)
    assert refused.exit_code == 2 and named in refused.stderr

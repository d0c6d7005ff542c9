"""Alignment of a known text by SoundSwallower, without torch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from support.errors import raises
from support.samples import SAMPLES, reference
from unispeech.cli import cli
from unispeech.engine.align import align
from unispeech.errors import OptionError, UnsupportedOption


def test_each_line_of_a_text_becomes_a_segment() -> None:
    words = reference("english").split()
    lines = [" ".join(words[:5]), "", " ".join(words[5:])]
    transcript = align(SAMPLES / "english.wav", "\n".join(lines), language="English", phones=True)
    assert [segment.text.strip() for segment in transcript.segments] == [lines[0], lines[2]]
    assert (transcript.backend, transcript.task) == ("soundswallower", "align")
    timed = [word for segment in transcript.segments for word in segment.words]
    assert len(timed) == len(words) and all(word.phones for word in timed)
    at = 0.0
    for word in timed:
        assert at <= word.start < word.end <= transcript.duration
        at = word.end


def test_other_languages_are_refused() -> None:
    with raises(UnsupportedOption, option="language"):
        align(SAMPLES / "english.wav", "guten Tag", language="de")


def test_the_command_aligns_english_without_a_model() -> None:
    command = ["align", str(SAMPLES / "english.wav"), "-", "--language", "en", "-q"]
    result = CliRunner().invoke(cli, command, input=reference("english"))
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["backend"] == "soundswallower"
    first = document["segments"][0]["words"][0]
    assert first["timed_by"] == "soundswallower" and first["phones"]


@pytest.mark.parametrize("given", [["--model", "x"], ["--language-id-model", "mms"], []])
def test_the_command_refuses_what_soundswallower_has_not(given: list[str]) -> None:
    command = ["align", str(SAMPLES / "english.wav"), "-", "--backend", "soundswallower", *given]
    result = CliRunner().invoke(cli, command, input="hello")
    assert isinstance(result.exception, OptionError)


def test_the_text_may_come_from_subtitles(tmp_path: Path) -> None:
    words = reference("english").split()
    subtitles = tmp_path / "talk.srt"
    subtitles.write_text(
        f"1\n00:00:00,000 --> 00:00:01,000\n[Ada]: {' '.join(words[:5])}\n\n"
        f"2\n00:00:01,000 --> 00:00:02,000\n<i>{' '.join(words[5:])}</i>\n"
    )
    command = ["align", str(SAMPLES / "english.wav"), str(subtitles), "--language", "en", "-q"]
    result = CliRunner().invoke(cli, [*command, "--format", "jsonl"])
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["text"].split() for row in rows] == [words[:5], words[5:]]
    subtitles.write_text("1\n00:00:00,000 -> 00:00:01,000\nHello\n")
    refused = CliRunner().invoke(cli, command)
    assert isinstance(refused.exception, OptionError) and "line 1" in str(refused.exception)

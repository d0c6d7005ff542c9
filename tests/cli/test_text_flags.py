"""Text rules of `transcribe` and `subtitles`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from support.samples import SAMPLES
from unispeech import Segment, TextRules, Transcript
from unispeech.cli import cli
from unispeech.errors import OptionError
from unispeech.text import formats
from unispeech.text.rules import TEXT_RULES

ENGLISH = str(SAMPLES / "english.wav")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)))


def saved(tmp_path: Path, text: str, language: str) -> Path:
    whole = Transcript(text, language, 9, (Segment(0, 0, 4, text),), "faster", "base")
    path = tmp_path / "talk.json"
    path.write_text(whole.to("json"), encoding="utf-8")
    return path


def test_subtitles_change_the_text_and_record_it(tmp_path: Path) -> None:
    talk = saved(tmp_path, "Um, 5 colours", "en")
    names = tmp_path / "names.txt"
    names.write_text("colours => colors", encoding="utf-8")
    options = ("--replacements", names, "--remove-fillers", "--numerals", "words")
    assert run("subtitles", talk, "-f", "txt", *options).stdout == "Five colors\n"
    shown = run("subtitles", talk, "-f", "json", *options)
    assert shown.exit_code == 0
    again = formats.parse(shown.stdout.encode(), "json", "x")
    assert again.original.text == "Um, 5 colours" and again.edits


def test_a_rule_that_does_not_know_the_language_leaves_the_text(tmp_path: Path) -> None:
    talk = saved(tmp_path, "Um, ano", "cs")
    shown = run("subtitles", talk, "-f", "txt", "--remove-fillers")
    assert shown.exit_code == 1 and shown.stdout == "Um, ano\n"
    assert "talk.json" in shown.stderr and "--remove-fillers" in shown.stderr
    shown = run("subtitles", talk, "-f", "txt", "--remove-fillers", "--language", "en")
    assert shown.exit_code == 0 and shown.stdout == "Ano\n"


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (("--numerals", "digits", "--language", "ja"), "numerals"),
        (("--remove-fillers", "--language", "czech"), "remove_fillers"),
        (("--chinese", "taiwan", "--language", "zh", "--task", "translate"), "chinese"),
        (("--replacements", "none.txt"), "replacements"),
        (("--fillers", " , "), "fillers"),
    ],
)
def test_bad_rules_are_refused_before_decoding(options: tuple[str, ...], name: str) -> None:
    error = run("transcribe", ENGLISH, "--model", "no-such-model", *options).exception
    assert isinstance(error, OptionError) and error.option == name


def test_check_takes_no_rules(tmp_path: Path) -> None:
    path = tmp_path / "talk.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:01,000\nUm.\n", encoding="utf-8")
    result = run("subtitles", "--check", "--preset", "ebu", "--remove-fillers", path)
    assert result.exit_code == 2 and "--check" in result.stderr


@pytest.mark.parametrize("command", ["transcribe", "watch", "subtitles"])
def test_every_rule_has_a_flag(command: str) -> None:
    shown = run(command, "--help").stdout
    assert all("--" + row.name.replace("_", "-") in shown for row in TEXT_RULES)


def test_transcribe_changes_the_text(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("re: ^\\s*\\w+ => Begun", encoding="utf-8")
    shown = run("transcribe", ENGLISH, "--model", "tiny.en", "--quiet", "--replacements", names)
    assert shown.exit_code == 0
    assert all(line.startswith("Begun") for line in shown.stdout.splitlines() if line)
    assert TextRules(replacements=names).chosen

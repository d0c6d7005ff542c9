"""`unispeech subtitles`: laying out transcripts again, and checking subtitle files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from unispeech import Layout, Segment, Transcript
from unispeech.cli import cli, names
from unispeech.cli.spelling import with_flags
from unispeech.errors import OptionError
from unispeech.text import formats, subtitles
from unispeech.text.layout.limits import LAYOUT_OPTIONS

TEXT = (
    " Ladies and gentlemen, Dr. Watson walked 5 kilometers to the house of the old king, because "
    "he thought that the weather was going to be fine."
)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["subtitles", *map(str, arguments)])


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    whole = Transcript(TEXT, "en", 20.0, (Segment(0, 0, 9, TEXT),), "faster", "base")
    path = tmp_path / "talk.json"
    path.write_text(whole.to("json"), encoding="utf-8")
    return path


def test_a_transcript_is_laid_out_without_decoding(talk: Path) -> None:
    shown = run(talk, "--preset", "netflix", "--max-line-count", "1")
    assert shown.exit_code == 0
    layout = Layout.preset("netflix", max_line_count=1)
    assert shown.stdout == formats.render(formats.read(talk), "srt", layout)
    cues = subtitles.cues(formats.read(talk), layout)
    assert shown.stdout.count("-->") == len(cues) > 3
    assert "5 kilometers to" in shown.stdout and "Dr. Watson" in shown.stdout


def test_files_are_named_after_the_recording(talk: Path, tmp_path: Path) -> None:
    """As `transcribe talk.wav -f json` records it: `talk` belongs to the recording."""
    recording = tmp_path / "talk.wav"
    recording.write_bytes(b"")
    assert names.claim(tmp_path, [recording]) == ["talk"]
    out = tmp_path / "out"
    assert run(talk, "-f", "srt", "-f", "vtt", "--preset", "bbc", "-o", out).exit_code == 0
    assert {path.name for path in out.iterdir()} == {names.RECORD, "talk.srt", "talk.vtt"}
    assert run(talk, "--beside").exit_code == 0 and (tmp_path / "talk.srt").exists()
    again = run(talk, "--beside")
    assert again.exit_code == 1 and "--overwrite" in again.stderr
    assert f"{talk}: " in again.stderr  # not the name of the recording
    assert run(talk, "--beside", "--overwrite", "--max-line-width", "20").exit_code == 0
    lines = (tmp_path / "talk.srt").read_text(encoding="utf-8").splitlines()
    assert max(len(line) for line in lines if "-->" not in line) <= 20


def test_an_output_older_than_its_transcript_is_made_again(talk: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = (talk, "-f", "srt,vtt", "-o", out, "--skip-existing")
    assert run(*arguments).exit_code == 0
    for name in ("talk.srt", "talk.vtt"):
        (out / name).write_text("edited", encoding="utf-8")
    os.utime(out / "talk.srt", (1, 1))
    assert run(*arguments).exit_code == 0
    texts = [(out / name).read_text(encoding="utf-8") for name in ("talk.srt", "talk.vtt")]
    assert "Watson" in texts[0] and texts[1] == "edited"


def test_two_transcripts_of_a_recording_keep_their_own_names(talk: Path, tmp_path: Path) -> None:
    (tmp_path / "talk.wav").write_bytes(b"")
    names.claim(tmp_path, [tmp_path / "talk.wav"])
    texts = [tmp_path / f"talk.{language}.json" for language in ("en", "de")]
    for path in texts:
        path.write_bytes(talk.read_bytes())
    assert run(*texts, "-o", tmp_path / "out").exit_code == 0
    assert {path.name for path in (tmp_path / "out").glob("*.srt")} == {
        "talk.en.srt",
        "talk.de.srt",
    }


@pytest.mark.parametrize("format", ["srt", "vtt"])
def test_violations_are_listed(talk: Path, tmp_path: Path, format: str) -> None:
    assert run(talk, "-f", format, "--preset", "bbc", "-o", tmp_path / "out").exit_code == 0
    path = tmp_path / "out" / f"talk.{format}"
    fine = run("--check", "--preset", "bbc", path)
    assert (fine.exit_code, fine.stdout) == (0, "")
    broken = run("--check", "--max-line-width", "20", "--max-line-count", "2", path)
    assert broken.exit_code == 1
    cues = formats.read_cues(path)
    wide = [n for n, cue in enumerate(cues, 1) if max(map(len, cue.text.split("\n"))) > 20]
    rows = broken.stdout.splitlines()
    assert all(f" cue {n}: max_line_width " in row for n, row in zip(wide, rows, strict=True))
    assert rows[0].startswith(f"{path}: 00:00:0") and "(limit 20)" in rows[0]


def test_times_beside_frames_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text("1\n00:00:00,020 --> 00:00:02,000\nHello.\n", encoding="utf-8")
    shown = run("--check", "--fps", "25", path)
    assert shown.exit_code == 1 and shown.stdout.endswith("cue 1: fps: 0.02 s off the frame\n")


def test_the_language_decides_the_values_of_a_preset(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:02,000\n今日は天気がとても\n", encoding="utf-8")
    assert run("--check", "--preset", "netflix", path).exit_code == 0
    japanese = run("--check", "--preset", "netflix", "--language", "japanese", path)
    assert japanese.exit_code == 1 and "max_cps 4.5 (limit 4)" in japanese.stdout


def test_bad_input_is_one_line(talk: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{", encoding="utf-8")
    for arguments, code, text in [
        ((tmp_path / "no.json",), 1, "no.json"),
        ((broken,), 1, "broken.json"),
        ((talk, "-f", "txt", "--preset", "ebu"), 2, "--preset needs a format of srt"),
        ((talk, "-f", "tsv", "--no-speakers"), 2, "--no-speakers needs a format of txt"),
        (("--check", talk), 2, "--preset"),
        (("--check", "--preset", "ebu", talk), 1, ".srt"),
    ]:
        result = run(*arguments)
        assert (result.exit_code, text in result.stderr) == (code, True), arguments
    for arguments, option in [
        ((talk, "--preset", "netflix", "--max-duration", "0.5"), "min_duration"),
        ((talk, "--language", "klingonish"), ""),
        ((talk, "--replacements", ""), "replacements"),
    ]:
        error = run(*arguments).exception
        assert isinstance(error, OptionError) and error.option == option


def test_every_option_of_the_layout_has_a_flag() -> None:
    shown = run("--help").stdout
    for row in LAYOUT_OPTIONS:
        assert "--" + row.field.replace("_", "-") in shown


@pytest.mark.parametrize("flag", [("-f", "vtt"), ("--times",), ("--overwrite",), ("-o", "out")])
def test_a_check_refuses_flags_of_output_files(tmp_path: Path, flag: tuple[str, ...]) -> None:
    path = tmp_path / "talk.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:02,000\nGood morning.\n", encoding="utf-8")
    refused = run("--check", "--preset", "bbc", path, *flag)
    assert refused.exit_code == 2
    assert f"--check writes no files; leave out {'--' if len(flag) == 1 else ''}" in refused.stderr
    assert run("--check", "--preset", "bbc", path).exit_code == 0


def test_rttm_without_speakers_is_an_error(talk: Path, tmp_path: Path) -> None:
    refused = run(talk, "-f", "rttm", "-o", tmp_path / "out")
    assert refused.exit_code == 1 and "--diarize" in refused.stderr
    assert not list(tmp_path.glob("out/*.rttm"))
    spoken = Transcript("Hi", "en", 2.0, (Segment(0, 0, 2, "Hi", speaker="Ada"),), "faster", "base")
    talk.write_text(spoken.to("json"), encoding="utf-8")
    assert "Ada" in run(talk, "-f", "rttm").stdout


def test_what_a_format_cannot_hold_is_reported(talk: Path, tmp_path: Path) -> None:
    segments = (Segment(0, 0, 2, " Hi", speaker="Ada"), Segment(1, 2, 4, "今日は"))
    other = tmp_path / "other.json"
    other.write_text(Transcript("", "ja", 4.0, segments, "f", "m").to("json"), encoding="utf-8")
    shown = run(other, talk, "-f", "scc,tsv,srt", "-o", tmp_path / "out")
    assert shown.exit_code == 1
    assert f"{other}: not every format holds the speakers (tsv)" in shown.stderr
    assert f"{other}: format scc: character '今' cannot be written (2.0 s)" in shown.stderr
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"other.tsv", "other.srt", "talk.scc"} <= names and "other.scc" not in names


def test_limits_that_exclude_each_other_are_named_by_their_flags(talk: Path) -> None:
    refused = run(talk, "--preset", "netflix", "--max-duration", "0.5").exception
    assert isinstance(refused, OptionError)
    line = with_flags(refused)
    assert "--min-duration 0.833 is more than --max-duration 0.5" in line
    assert "lower --min-duration or raise --max-duration" in line


def test_an_unknown_language_of_a_rule_is_asked_for_by_its_flag(tmp_path: Path) -> None:
    path = tmp_path / "talk.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:02,000\nUm, hello.\n", encoding="utf-8")
    assert "--language en" in run(path, "--remove-fillers").stderr


def test_the_language_auto_is_that_of_the_transcript(talk: Path) -> None:
    shown = run(talk, "--language", "auto", "--preset", "netflix")
    assert shown.exit_code == 0 and shown.stdout == run(talk, "--preset", "netflix").stdout


def test_a_format_that_is_named_twice_is_printed_once(talk: Path) -> None:
    assert run(talk, "-f", "srt,srt").stdout == run(talk, "-f", "srt").stdout != ""

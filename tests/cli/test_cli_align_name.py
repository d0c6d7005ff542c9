"""`transcribe --align NAME`, the old spelling of `--aligner NAME`."""

from __future__ import annotations

import pytest

from unispeech.cli.transcribe import named_aligners


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        (["--align", "talk.mp3"], ["--align", "talk.mp3"]),
        (["--align", "ctc", "talk.mp3"], ["--aligner", "ctc", "talk.mp3"]),
        (["--align=attention", "a.wav"], ["--aligner", "attention", "a.wav"]),
        (["a.wav", "--align"], ["a.wav", "--align"]),
        (["--align", "--", "ctc"], ["--align", "--", "ctc"]),
        (["--", "--align", "ctc"], ["--", "--align", "ctc"]),
    ],
)
def test_a_name_after_align_is_the_aligner(
    given: list[str], parsed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert named_aligners(given) == parsed
    assert ("--aligner" in capsys.readouterr().err) == (parsed != given)

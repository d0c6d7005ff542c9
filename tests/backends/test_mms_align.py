"""Forced alignment of a known text: times of words and letters."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from support.errors import raises
from support.small_mms import CLIPS, ENGLISH, MODEL, RUSSIAN, TEXTS, run
from unispeech.audio.recording import load
from unispeech.engine.engine import Engine
from unispeech.errors import UnsupportedOption
from unispeech.types import SAMPLE_RATE, Word


def test_a_known_text_is_aligned(mms: Engine) -> None:
    first, second = RUSSIAN[9], RUSSIAN[11]
    clips = [load(CLIPS / name) for name in (first, second)]
    noise = np.random.default_rng(0).normal(0, 3e-4, SAMPLE_RATE // 2)
    silence = noise.astype(np.float32)
    samples = np.concatenate([clips[0], silence, clips[1]])
    text = f"{TEXTS[first].title()},\n{TEXTS[second]}!\n"
    transcript = mms.align(samples, text, SAMPLE_RATE, language="rus")
    assert [s.text.strip() for s in transcript.segments] == text.splitlines()
    aligned = [w for s in transcript.segments for w in s.words]
    expected = []
    for name, offset in ((first, 0.0), (second, (len(clips[0]) + len(silence)) / SAMPLE_RATE)):
        decoded = mms.transcribe(CLIPS / name, language="rus", word_timestamps=True)
        assert decoded.text == TEXTS[name]
        expected += [(w.start + offset, w.end + offset) for s in decoded.segments for w in s.words]
    for word, (start, end) in zip(aligned, expected, strict=True):
        assert word.start == pytest.approx(start, abs=0.1)
        assert word.end == pytest.approx(end, abs=0.1)
    with raises(UnsupportedOption, "align"):
        Engine("faster", "tiny.en").align(samples, text, SAMPLE_RATE)


DIGITS = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "seven": "7"}


def test_digits_get_the_times_of_their_spoken_words(mms: Engine) -> None:
    """The model has no digits; a digit must not move its neighbours."""

    def aligned(name: str, text: str) -> list[Word]:
        segments = mms.align(CLIPS / name, text, language="eng").segments
        return [word for segment in segments for word in segment.words]

    numbers = 0
    for name in ENGLISH:
        expected = aligned(name, TEXTS[name])
        words = TEXTS[name].split()
        for index in (i for i, word in enumerate(words) if word in DIGITS):
            written = [*words[:index], DIGITS[words[index]], *words[index + 1 :]]
            result = aligned(name, " ".join(written))
            assert [word.word.strip() for word in result] == written
            for reference, word in zip(expected, result, strict=True):
                assert word.start == pytest.approx(reference.start, abs=0.1), (name, word)
                assert word.end == pytest.approx(reference.end, abs=0.1), (name, word)
            numbers += 1
    assert numbers > 8


def test_a_text_is_aligned_on_the_command_line(tmp_path: Path) -> None:
    clip, text = CLIPS / RUSSIAN[0], tmp_path / "text.txt"
    text.write_text(TEXTS[RUSSIAN[0]] + "\n", encoding="utf-8")
    model = ("--model", str(MODEL), "--language", "russian")
    output = json.loads(run("align", str(clip), str(text), *model))
    (segment,) = output["segments"]
    assert [w["word"].strip() for w in segment["words"]] == TEXTS[RUSSIAN[0]].split()
    assert segment["words"][0]["characters"][0][2] == TEXTS[RUSSIAN[0]][0]
    srt = run("align", str(clip), "-", *model, "-f", "srt", given=TEXTS[RUSSIAN[0]])
    assert "-->" in srt and TEXTS[RUSSIAN[0]] in srt

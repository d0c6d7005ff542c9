"""A known text and its sound: when each word and letter is said."""

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
    freely = []
    for name, offset in ((first, 0.0), (second, (len(clips[0]) + len(silence)) / SAMPLE_RATE)):
        free = mms.transcribe(CLIPS / name, language="rus", word_timestamps=True)
        assert free.text == TEXTS[name]
        freely += [(w.start + offset, w.end + offset) for s in free.segments for w in s.words]
    for one, (start, end) in zip(aligned, freely, strict=True):
        assert one.start == pytest.approx(start, abs=0.1)
        assert one.end == pytest.approx(end, abs=0.1)
    with raises(UnsupportedOption, "align"):
        Engine("faster", "tiny.en").align(samples, text, SAMPLE_RATE)


DIGITS = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "seven": "7"}


def test_numbers_of_a_known_text_are_where_they_are_said(mms: Engine) -> None:
    """The model has no digits: each gets the times of its word and moves no neighbour."""

    def aligned(name: str, text: str) -> list[Word]:
        segments = mms.align(CLIPS / name, text, language="eng").segments
        return [word for segment in segments for word in segment.words]

    numbers = 0
    for name in ENGLISH:
        expected = aligned(name, TEXTS[name])
        words = TEXTS[name].split()
        for place in (i for i, word in enumerate(words) if word in DIGITS):
            written = [*words[:place], DIGITS[words[place]], *words[place + 1 :]]
            found = aligned(name, " ".join(written))
            assert [word.word.strip() for word in found] == written
            for right, word in zip(expected, found, strict=True):
                assert word.start == pytest.approx(right.start, abs=0.1), (name, word)
                assert word.end == pytest.approx(right.end, abs=0.1), (name, word)
            numbers += 1
    assert numbers > 8


def test_a_text_is_aligned_by_command(tmp_path: Path) -> None:
    clip, text = CLIPS / RUSSIAN[0], tmp_path / "text.txt"
    text.write_text(TEXTS[RUSSIAN[0]] + "\n", encoding="utf-8")
    model = ("--model", str(MODEL), "--language", "russian")
    shown = json.loads(run("align", str(clip), str(text), *model))
    (segment,) = shown["segments"]
    assert [w["word"].strip() for w in segment["words"]] == TEXTS[RUSSIAN[0]].split()
    assert segment["words"][0]["characters"][0][2] == TEXTS[RUSSIAN[0]][0]
    srt = run("align", str(clip), "-", *model, "-f", "srt", given=TEXTS[RUSSIAN[0]])
    assert "-->" in srt and TEXTS[RUSSIAN[0]] in srt

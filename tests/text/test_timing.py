"""Times of the words of a corrected text. tests/page/words.test.js uses the same cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unispeech.text.formats.read_objects import read_json
from unispeech.text.timing import respelled
from unispeech.types import Word

CASES = json.loads((Path(__file__).parents[1] / "retiming.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_words_of_a_corrected_text_get_their_times(case: dict[str, Any]) -> None:
    words, expected = _words(case["words"]), _words(case["expected"])
    assert respelled(case["text"], words, case["start"], case["end"]) == expected


def _words(rows: list[dict[str, Any]]) -> tuple[Word, ...]:
    segment = {"start": 0, "end": 4, "text": "", "words": rows}
    return read_json(json.dumps({"segments": [segment]}), "case").segments[0].words


def test_unchanged_characters_keep_their_times() -> None:
    old = [Word(0.0, 1.0, "今天", 0.5), Word(1.0, 2.0, "天气", 0.5)]
    words = respelled("今天空气", old, 0.0, 2.0)
    assert [(word.word, word.start, word.probability) for word in words] == [
        ("今", 0.0, 0.5),
        ("天", 0.5, 0.5),
        ("空", 1.0, 1.0),
        ("气", 1.5, 0.5),
    ]

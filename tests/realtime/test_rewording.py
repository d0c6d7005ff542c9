"""Text rules in live captions: words become final with their line, and the original is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.errors import raises
from support.samples import SAMPLES, words
from unispeech.audio.recording import load
from unispeech.engine.engine import Engine
from unispeech.errors import OptionError
from unispeech.options import TranscribeOptions
from unispeech.realtime.events import Event, Kind
from unispeech.realtime.rewording import Rewording
from unispeech.types import Word


def event(kind: Kind, text: str, start: float = 0.0, language: str = "en") -> Event:
    """An event with a word a second."""
    spoken = tuple(
        Word(start + n, start + n + 1, f" {word}", 1.0) for n, word in enumerate(text.split())
    )
    end = spoken[-1].end if spoken else start
    return Event(kind, start, end, "".join(w.word for w in spoken), spoken, language)


def shown(events: list[Event], **rules: Any) -> list[tuple[str, str]]:
    rewording = Rewording(TranscribeOptions.of(**rules))
    return [(e.type, e.text) for e in rewording.changed(iter(events))]


PHRASE = [
    event("partial", "um jon"),
    event("final", "um jon"),
    event("partial", "smith has", 2),
    event("final", "smith has twenty", 2),
    event("final", "three hats", 5),
    event("endpoint", "um jon smith has twenty three hats"),
]


def test_a_rule_finds_words_of_several_finals() -> None:
    rules = "jon smith => John Smyth"
    assert shown(PHRASE, replacements=rules, remove_fillers=True, numerals="digits") == [
        ("partial", " jon"),
        ("partial", " jon"),
        ("partial", " John Smyth has"),
        ("partial", " John Smyth has 20"),
        ("partial", " John Smyth has 23 hats"),
        ("final", " John Smyth has 23 hats"),
        ("endpoint", " John Smyth has 23 hats"),
    ]


def test_a_final_has_the_words_before_the_rules() -> None:
    rewording = Rewording(TranscribeOptions.of(remove_fillers=True))
    final, _ = (e for e in rewording.changed(iter(PHRASE)) if e.type != "partial")
    assert final.before_rules.text == PHRASE[-1].text
    assert final.json()["original"] == PHRASE[-1].text
    assert [w.start for w in final.words] == [1, 2, 3, 4, 5, 6]
    assert "original" not in PHRASE[1].json()


def test_sentences_are_final_before_the_pause() -> None:
    text = "It is a rather long sentence, um, here. And"
    assert shown([event("final", text)], remove_fillers=True) == [
        ("final", " It is a rather long sentence here."),
        ("partial", " And"),
    ]


def test_a_partial_stays_as_it_is_until_the_language_is_certain() -> None:
    partial = event("partial", "um yes", language="")
    assert shown([partial, event("final", "um yes"), event("endpoint", "um yes")],
                 remove_fillers=True) == [
        ("partial", " um yes"), ("partial", " yes"), ("final", " yes"), ("endpoint", " yes"),
    ]  # fmt: skip
    with raises(OptionError, "remove_fillers"):
        final = event("final", "um yes", language="")
        shown([final, event("endpoint", "um yes", language="")], remove_fillers=True)


def test_without_rules_the_events_are_the_same() -> None:
    assert list(Rewording(TranscribeOptions()).changed(iter(PHRASE))) == PHRASE


def test_a_language_that_a_rule_does_not_know_is_an_error() -> None:
    with raises(OptionError, "remove_fillers", "czech"):
        shown([event("final", "um ano", language="cs")], remove_fillers=True)


@pytest.mark.parametrize("rules", ["bread => BREAD", "re: \\bbread\\b => BREAD"])
def test_a_session_applies_the_rules(engine: Callable[..., Engine], rules: str) -> None:
    session = engine().listen(replacements=rules, language="en")
    samples = load(SAMPLES / "pause.wav")
    events = [*session.feed(samples), *session.finish()]
    finals = [e for e in events if e.type == "final"]
    text = "".join(e.text for e in finals)
    assert "BREAD" in text
    plain = engine().listen(language="en")
    before = [*plain.feed(samples), *plain.finish()]
    spoken = "".join(e.text for e in before if e.type == "final")
    assert "".join(e.before_rules.text for e in finals) == spoken
    assert words(text) == words(spoken)

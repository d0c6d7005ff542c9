"""Readings and pronunciations of written words."""

from __future__ import annotations

import pytest

from unispeech.aligners.letters import contexts, pronounce, rules
from unispeech.aligners.pronunciation import pronunciations
from unispeech.aligners.spoken import readings


@pytest.mark.parametrize(
    ("written", "language", "spoken"),
    [
        ("1984", "en", "nineteen eighty four"),
        ("1984", "en", "one thousand nine hundred eighty four"),
        ("$5.50", "en", "five dollars fifty"),
        ("$3", "en", "three dollars"),
        ("3%", "en", "three percent"),
        ("21st,", "en", "twenty first"),
        ("1990s", "en", "nineteen nineties"),
        ("Mr.", "en", "mister"),
        ("NASA", "en", "nasa"),
        ("BBC", "en", "b. b. c."),
        ("10:30", "en", "ten thirty"),
        ("1,250,000", "en", "one million two hundred and fifty thousand"),
        ("well-known", "en", "well known"),
        ("don’t", "en", "don't"),
        ("5,50€", "fr", "cinq euros cinquante"),
        ("1er", "fr", "premier"),
        ("1ère", "fr", "première"),
        ("M.", "fr", "monsieur"),
        ("cafe\u0301", "fr", "café"),
        ("l’homme", "fr", "l'homme"),
        ("SNCF", "fr", "esse enne cé effe"),
    ],
)
def test_written_words_have_the_reading_that_is_spoken(
    written: str, language: str, spoken: str
) -> None:
    assert spoken in readings(written, language)


@pytest.mark.parametrize("written", ["", "—", "...", "¡", "♪", "“”"])
def test_what_is_not_spoken_has_no_reading(written: str) -> None:
    assert readings(written, "en") == []
    assert pronunciations(written, "en") == ()


def test_words_outside_the_dictionary_are_pronounced_by_their_letters() -> None:
    assert pronunciations("hello", "en")[0] == "HH AH L OW"
    (guess,) = pronunciations("Zorblatt", "en")
    assert guess.startswith("Z ") and guess.endswith("B L AE T")
    assert pronunciations("blorquet", "fr")[0].startswith("bb ll oo rr kk")
    assert pronunciations("北京", "en") == ()


@pytest.mark.parametrize("written", ["sœur", "Sœur,", "soeur"])
def test_french_ligatures_are_found_in_the_dictionary(written: str) -> None:
    assert pronunciations(written, "fr") == ("ss oe rr",)


def test_the_widest_known_context_decides() -> None:
    table = {"_p": ("P",), "_ph": ("F",), "_h": ("HH",), "p_ho": ()}
    assert pronounce("pho", table) == ("F",)
    assert pronounce("hp", table) == ("HH", "P")
    assert list(contexts("ab", 1))[:3] == ["_b", "_b#", "a_b#"]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_tables_know_every_letter(language: str) -> None:
    known = {context[context.index("_") + 1] for context in rules(language)}
    assert known >= set("abcdefghijklmnopqrstuvwxyz")

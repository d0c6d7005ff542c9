"""Text rules: replacements, fillers, numerals and Chinese, and the record that undoes them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.errors import raises
from support.transcripts import transcripts
from unispeech import TextRules, Transcript
from unispeech.errors import OptionError
from unispeech.text import formats
from unispeech.text.rules import replacements
from unispeech.text.rules.fillers import FILLERS
from unispeech.text.rules.substitution import Substitution, substitute
from unispeech.types import Segment, Word

NAMES = """\
# names and house style
jon smith => John Smyth
colour => color
case: US => U.S.
re: (\\d+) percent => \\1 %

basically =>
ny => New York
new york city => NYC
"""


def spoken(text: str, language: str = "en") -> Transcript:
    """A segment with a word a second."""
    texts = [" " + word for word in text.split(" ")]
    words = tuple(Word(n, n + 1, word, 0.5) for n, word in enumerate(texts))
    segment = Segment(0, 0, len(words), "".join(texts), words)
    return Transcript(text, language, 100, (segment,), "faster", "base")


def words(transcript: Transcript) -> list[tuple[float, float, str]]:
    return [(w.start, w.end, w.word) for s in transcript.segments for w in s.words]


def text_after(text: str, language: str = "en", **rules: Any) -> str:
    """The text after rules, whose words must join to it."""
    changed = spoken(text, language).edited(TextRules(**rules))
    for segment in changed.segments:
        assert "".join(word.word for word in segment.words) == segment.text
    assert changed.original == spoken(text, language)
    return changed.text


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.txt"
    path.write_text(NAMES, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("So jon  smith, of us", "So John Smyth, of us"),
        ("The US and Colour, discoloured", "The U.S. and Color, discoloured"),
        ("About 5 percent.", "About 5 %."),
        ("Basically, it is basically good", "It is good"),
        ("From ny to New York City!", "From New York to NYC!"),
    ],
)
def test_replacements(names: Path, before: str, after: str) -> None:
    assert text_after(before, replacements=names) == after


def test_replaced_words_keep_their_times(names: Path) -> None:
    changed = spoken("Hello Jon Smith in ny").edited(TextRules(replacements=names))
    assert words(changed) == [
        (0, 1, " Hello"), (1, 2, " John"), (2, 3, " Smyth"), (3, 4, " in"),
        (4, 4.444, " New"), (4.444, 5, " York"),
    ]  # fmt: skip
    joined = spoken("In new york city now").edited(TextRules(replacements=names))
    assert words(joined) == [(0, 1, " In"), (1, 4, " NYC"), (4, 5, " now")]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("# x\nabc\n", "line 2"),
        ("a => b\n\n=> c", "line 3"),
        ("re: (a => b", "line 1"),
        ("re: (a) => \\2", "line 1"),
        ("a => b => c", "line 1"),
        ("# nothing", "no rules"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, content: str, line: str) -> None:
    path = tmp_path / "names.txt"
    path.write_text(content, encoding="utf-8")
    with raises(OptionError, "names.txt", line):
        TextRules(replacements=path)


def test_rules_are_taken_as_text_too() -> None:
    assert text_after("Colour", replacements="colour => color") == "Color"
    with raises(OptionError, "names.txt", "Path"):
        TextRules(replacements="names.txt")
    with pytest.raises(OptionError) as refused:
        TextRules(replacements="colour color")
    assert "Path" not in str(refused.value)


def test_files_that_are_missing_or_no_text_are_refused(tmp_path: Path) -> None:
    with raises(OptionError, "none.txt"):
        TextRules(replacements=tmp_path / "none.txt")
    (tmp_path / "x.txt").write_bytes(b"a => \xff")
    with raises(OptionError, "UTF-8"):
        TextRules(replacements=tmp_path / "x.txt")


def test_a_catastrophic_expression_ends() -> None:
    """Without a limit it takes 2 ** 20 times as long."""
    (rule,) = replacements.parse("# x\nre: (a|aa)+$ => b", timeout=0.05)
    with raises(OptionError, "line 2"):
        rule.find("a" * 60 + "b")
    assert rule.find("caa") == [Substitution(1, 3, "b")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Um, I think, um, that uh, uh it is good, um.", "I think that it is good."),
        ("Uh-huh, umbrella, sum.", "Uh-huh, umbrella, sum."),
        ("Well, um I think er", "Well, I think"),
        ("He left. Uh, so what?", "He left. So what?"),
        ("I um... think", "I... think"),
        ("Um, NASA", "NASA"),
    ],
)
def test_fillers(before: str, after: str) -> None:
    assert text_after(before, remove_fillers=True) == after


def test_removed_fillers_leave_the_times_of_other_words() -> None:
    changed = spoken("So um, I, uh, think, um.").edited(TextRules(remove_fillers=True))
    assert words(changed) == [(0, 1, " So"), (2, 3, " I"), (4, 5, " think.")]
    rules = [(c.rule, c.before) for e in changed.edits for c in e.changes]
    assert ("remove_fillers", "um,") in rules


def test_fillers_of_other_languages_and_own_ones() -> None:
    assert text_after("Das ist, äh, gut.", "de", remove_fillers=True) == "Das ist gut."
    assert text_after("It is, like, you know, good", fillers="like, you know") == "It is good"
    japanese = Segment(0, 0, 3, "えーと、今日はいい天気です。")
    only = Transcript(japanese.text, "ja", 3, (japanese,), "faster", "base")
    assert only.edited(TextRules(remove_fillers=True)).text == "今日はいい天気です。"
    with raises(OptionError, "czech"):
        spoken("a", "cs").edited(TextRules(remove_fillers=True))
    for unknown in ("", "und"):
        with raises(OptionError, "unknown", "language='en'"):
            spoken("a", unknown).edited(TextRules(remove_fillers=True))


def test_a_segment_without_text_is_removed_and_restored() -> None:
    segments = (Segment(0, 0, 1, " Um."), Segment(1, 1, 2, " Yes."), Segment(2, 2, 3, " Uh."))
    whole = Transcript("Um. Yes. Uh.", "en", 3, segments, "faster", "base")
    changed = whole.edited(TextRules(remove_fillers=True))
    assert changed.segments == (replace(segments[1], id=0),) and changed.text == "Yes."
    assert changed.original == whole
    assert (
        formats.parse(formats.encoded(changed, "json"), "json", "x").original.segments == segments
    )
    assert changed.shifted(5).original == whole.shifted(5)


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        ("en", "Twenty-three of one hundred and five people", "23 of 105 people"),
        ("en", "two hundred cars and one dog", "200 cars and one dog"),
        ("en", "In nineteen eighty four", "In nineteen eighty four"),
        ("en", "A hundred men, five hundred more", "A hundred men, 500 more"),
        ("en", "It was the first of hundreds", "It was the first of hundreds"),
        ("en", "a hundred and five, 007, 1,000, 3.50", "a hundred and five, 007, 1,000, 3.50"),
        ("de", "Es sind dreiundzwanzig, nicht zwei", "Es sind 23, nicht zwei"),
        ("fr", "Il a vingt et un ans", "Il a 21 ans"),
    ],
)
def test_numerals_in_digits(language: str, before: str, after: str) -> None:
    assert text_after(before, language, numerals="digits") == after


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        ("en", "5 men and 23 cars in 1999", "Five men and twenty-three cars in 1999"),
        ("en", "On May 5, 10 km at 12:30 for $5, 50% of 1,000", None),
        ("de", "Am 5. Mai kamen 21 Leute", "Am 5. Mai kamen einundzwanzig Leute"),
        ("fr", "le 5 mai, 12 personnes", "le 5 mai, douze personnes"),
    ],
)
def test_numerals_in_words(language: str, before: str, after: str | None) -> None:
    assert text_after(before, language, numerals="words") == (after or before)


def test_numerals_of_other_languages_are_refused() -> None:
    for form in ("words", "digits"):
        with raises(OptionError, "japanese"):
            spoken("a", "ja").edited(TextRules(numerals=form))


@pytest.mark.parametrize(
    ("script", "before", "after"),
    [
        ("traditional", "汉字转换", "漢字轉換"),
        ("taiwan", "汉字转换", "漢字轉換"),
        ("simplified", "漢字轉換", "汉字转换"),
    ],
)
def test_chinese(script: str, before: str, after: str) -> None:
    signs = tuple(Word(n, n + 1, sign, 0.5) for n, sign in enumerate(before))
    whole = Transcript(before, "zh", 9, (Segment(0, 0, 4, before, signs),), "faster", "base")
    changed = whole.edited(TextRules(chinese=script))
    assert changed.text == after and changed.original == whole
    assert words(changed) == [(n, n + 1, sign) for n, sign in enumerate(after)]
    with raises(OptionError, "english"):
        spoken("a").edited(TextRules(chinese=script))


def test_rules_are_for_the_language_of_the_text() -> None:
    translated = replace(spoken("Um, yes", "cs"), task="translate")
    assert translated.edited(TextRules(remove_fillers=True)).text == "Yes"
    long_code = spoken("Äh, ja", "deu")
    assert long_code.edited(TextRules(remove_fillers=True)).text == "Ja"


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unispeech.text.rules.text_rules.find_spec", lambda name: None)
    for rules in ({"chinese": "traditional"}, {"numerals": "digits"}):
        with raises(OptionError, "unispeech[text]"):
            TextRules(**rules)  # type: ignore[arg-type]


def test_rules_may_be_applied_again(names: Path) -> None:
    once = spoken("Um, a colour").edited(TextRules(remove_fillers=True))
    twice = once.edited(TextRules(replacements=names))
    assert twice.text == "A color" and twice.original == spoken("Um, a colour")
    assert len(twice.edits[0].changes) > len(once.edits[0].changes)
    assert twice.edited(TextRules(replacements=names)) == twice


@st.composite
def substitutions(draw: st.DrawFn, text: str) -> list[Substitution]:
    edges = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    new = st.text("ab ,好", max_size=4)
    return [Substitution(start, end, draw(new)) for start, end in pairs]


@settings(deadline=None)
@given(st.data())
def test_any_substitution_keeps_other_words_and_the_order_of_times(data: st.DataObject) -> None:
    texts = data.draw(st.lists(st.text("xyz.好", min_size=1, max_size=4), min_size=1, max_size=6))
    segment = spoken(" ".join(texts)).segments[0]
    found = data.draw(substitutions(segment.text))
    changed = substitute(segment, found)
    times = [time for word in changed.words for time in (word.start, word.end)]
    assert times == sorted(times) and (changed.start, changed.end) == (segment.start, segment.end)
    assert "".join(w.word for w in changed.words).split() == changed.text.split()
    position = 0
    for word in segment.words:
        start, position = position + 1, position + len(word.word)
        if not any(c.start <= position and c.end >= start for c in found):
            assert (word.start, word.end, word.word.strip()) in [
                (w.start, w.end, w.word.strip()) for w in changed.words
            ]


FEW_PHRASES = ("Um, good morning.", "Uh.", "a colour, uh, of 7 men", "ny, 5 percent", "")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(transcripts(phrases=FEW_PHRASES), st.booleans())
def test_the_original_can_be_restored(names: Path, whole: Transcript, removes: bool) -> None:
    words = ",".join(FILLERS["en"]) if removes else None
    changed = whole.edited(TextRules(replacements=names, fillers=words))
    assert changed.original == whole
    rest = replace(changed, text=whole.text, segments=whole.segments, edits=(), original_text="")
    assert rest == whole
    again = formats.parse(formats.encoded(changed, "json"), "json", whole.source)
    assert formats.as_dict(again) == formats.as_dict(changed)
    assert formats.as_dict(again.original) == formats.as_dict(
        formats.parse(formats.encoded(whole, "json"), "json", whole.source)
    )


@pytest.mark.parametrize("index", [-1, 2, None, True, "0"])
def test_edits_of_other_segments_are_refused(index: object) -> None:
    document = formats.as_dict(spoken("Um, yes").edited(TextRules(remove_fillers=True)))
    document["edits"][0]["index"] = index
    with raises(OptionError, "edit 1", repr(index)):
        formats.parse(json.dumps(document).encode(), "json", "x")

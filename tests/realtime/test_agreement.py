"""Final words of hypotheses written by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from unispeech.realtime.agreement import Agreement
from unispeech.types import Word


def words_of(text: str, start: float = 0.0) -> list[Word]:
    """The words of a text, one every half second."""
    return [
        Word(start + i / 2, start + i / 2 + 0.4, f" {word}", 1.0)
        for i, word in enumerate(text.split())
    ]


def text(words: list[Word]) -> str:
    return " ".join(word.word.strip() for word in words)


def test_words_that_two_hypotheses_share_are_final() -> None:
    agreement = Agreement()
    assert agreement.add(words_of("the cat sad"))[0] == []
    final, rest = agreement.add(words_of("The cat, sat on"))
    assert text(final) == "The cat," and text(rest) == "sat on"
    final, rest = agreement.add(words_of("the cat sat on the"))
    assert text(final) == "sat on" and text(rest) == "the"
    assert text(agreement.finish()) == "the"


def test_the_last_word_of_a_hypothesis_stays_open() -> None:
    agreement = Agreement()
    agreement.add(words_of("good morning."))
    final, rest = agreement.add(words_of("good morning."))
    assert text(final) == "good" and text(rest) == "morning."


def test_repeated_words_are_not_confused_with_final_ones() -> None:
    agreement = Agreement()
    agreement.add(words_of("no no no"))
    agreement.add(words_of("no no no no"))
    assert text(agreement.finish(words_of("no no no no no"))) == "no no"
    assert text(agreement.final) == "no no no no no"


def test_a_hypothesis_without_its_beginning_is_aligned() -> None:
    agreement = Agreement()
    agreement.finish(words_of("one two three four"))
    assert text(agreement.after_final(words_of("three four five six", 1.0))) == "five six"
    assert text(agreement.after_final(words_of("won too three for five"))) == "five"


def test_words_before_a_cut_are_dropped() -> None:
    agreement = Agreement()
    agreement.finish(words_of("one two three four"))
    agreement.drop_before(1.0)
    assert text(agreement.final) == "three four"
    assert text(agreement.after_final(words_of("three four five", 1.0))) == "five"


@given(st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), min_size=1, max_size=30), st.data())
def test_growing_hypotheses_never_lose_or_repeat_a_word(
    words: list[str], data: st.DataObject
) -> None:
    """Each hypothesis is a prefix of the truth; its last word may be wrong."""
    truth = words_of(" ".join(words))
    agreement = Agreement()
    for length in data.draw(st.lists(st.integers(1, len(words)), max_size=8).map(sorted)):
        hypothesis = truth[:length]
        if data.draw(st.booleans()):
            last = hypothesis[-1]
            hypothesis = [*hypothesis[:-1], Word(last.start, last.end, " zz", 1.0)]
        agreement.add(hypothesis)
        assert agreement.final == truth[: len(agreement.final)]
    agreement.finish(truth)
    assert agreement.final == truth

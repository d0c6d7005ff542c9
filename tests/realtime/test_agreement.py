"""Which words are certain, on hypotheses written down by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from unispeech.realtime.agreement import Agreement
from unispeech.types import Word


def said(text: str, start: float = 0.0) -> list[Word]:
    """A word every half second."""
    return [
        Word(start + i / 2, start + i / 2 + 0.4, f" {word}", 1.0)
        for i, word in enumerate(text.split())
    ]


def text(words: list[Word]) -> str:
    return " ".join(word.word.strip() for word in words)


def test_what_two_hypotheses_agree_on_is_final_and_the_rest_is_open() -> None:
    agreement = Agreement()
    assert agreement.hear(said("the cat sad"))[0] == []
    final, rest = agreement.hear(said("The cat, sat on"))
    assert text(final) == "The cat," and text(rest) == "sat on"
    final, rest = agreement.hear(said("the cat sat on the"))
    assert text(final) == "sat on" and text(rest) == "the"
    assert text(agreement.settle()) == "the"


def test_the_last_word_of_a_hypothesis_stays_open() -> None:
    agreement = Agreement()
    agreement.hear(said("good morning."))
    final, rest = agreement.hear(said("good morning."))
    assert text(final) == "good" and text(rest) == "morning."


def test_a_repeated_word_is_not_taken_for_the_final_one() -> None:
    agreement = Agreement()
    agreement.hear(said("no no no"))
    agreement.hear(said("no no no no"))
    assert text(agreement.settle(said("no no no no no"))) == "no no"
    assert text(agreement.final) == "no no no no no"


def test_a_hypothesis_that_lost_its_beginning_is_laid_in_the_right_place() -> None:
    agreement = Agreement()
    agreement.settle(said("one two three four"))
    assert text(agreement.beyond(said("three four five six", 1.0))) == "five six"
    assert text(agreement.beyond(said("won too three for five"))) == "five"


def test_words_before_a_cut_are_not_looked_for_any_more() -> None:
    agreement = Agreement()
    agreement.settle(said("one two three four"))
    agreement.forget(before=1.0)
    assert text(agreement.final) == "three four"
    assert text(agreement.beyond(said("three four five", 1.0))) == "five"


@given(st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), min_size=1, max_size=30), st.data())
def test_growing_hypotheses_never_lose_or_repeat_a_word(
    words: list[str], data: st.DataObject
) -> None:
    """Each hypothesis is a beginning of the truth, its last word perhaps cut short."""
    truth = said(" ".join(words))
    agreement = Agreement()
    for length in data.draw(st.lists(st.integers(1, len(words)), max_size=8).map(sorted)):
        heard = truth[:length]
        if data.draw(st.booleans()):
            heard = [*heard[:-1], Word(heard[-1].start, heard[-1].end, " zz", 1.0)]
        agreement.hear(heard)
        assert agreement.final == truth[: len(agreement.final)]
    agreement.settle(truth)
    assert agreement.final == truth

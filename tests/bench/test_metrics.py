"""Error rates and word times, checked against counts by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unispeech.bench import accuracy, normaliser
from unispeech.bench.accuracy import Score, corpus, interval, score, word_times


def test_whispers_english_normaliser() -> None:
    assert normaliser.units("Mr. Smith won't pay Twenty-One dollars, (laughs) colour!", "en") == (
        ["mister", "smith", "will", "not", "pay", "$21", "color"]
    )


def test_rules_that_whispers_own_normaliser_lacks_are_not_applied() -> None:
    assert normaliser.units("kinda", "en") == ["kinda"]


def test_other_languages_keep_their_letters() -> None:
    assert normaliser.units("Größe, das ist „schön“!", "de") == ["größe", "das", "ist", "schön"]


def test_languages_without_spaces_are_counted_by_characters() -> None:
    assert normaliser.units("你好，世界。", "zh") == ["你", "好", "世", "界"]
    assert normaliser.characters("你好，世界。", "zh") == "你好世界"


def test_errors_by_hand() -> None:
    # cat → bat; the second "the" is deleted; "now" is inserted
    result = score("The cat sat on the mat today.", "the bat sat on mat today now", "en")
    assert (result.words, result.substitutions, result.deletions, result.insertions) == (7, 1, 1, 1)
    assert result.errors == 3
    assert (result.lost, result.added) == (0, 0)
    # c → b; "the " (4) deleted; " now" (4) inserted
    assert (result.characters, result.character_errors) == (28, 9)


def test_five_missing_words_in_a_row_are_lost_and_four_are_not() -> None:
    reference = "alpha bravo charlie delta echo foxtrot golf hotel"
    assert score(reference, "alpha golf hotel", "en").lost == 5
    assert score(reference, "alpha bravo golf hotel", "en").lost == 0
    assert score(reference, "", "en").lost == 8


def test_loops_and_words_in_silence_count_as_added() -> None:
    assert score("hello there", "hello there you you you you you", "en").added == 5
    assert score("hello there", "hello there you you you you", "en").added == 0
    assert score("", "Thank you.", "en").added == 2
    assert score("", "", "en").added == 0


def test_the_rate_of_a_corpus_is_sums_over_sums() -> None:
    # 1 error in 1 word and 0 in 9 are 10 %; the mean of the rates would be 50 %
    total = corpus(
        [score("no", "yes", "en"), score("a b c d e f g h i", "a b c d e f g h i", "en")]
    )
    assert total.wer == pytest.approx(10.0)
    assert (total.words, total.substitutions) == (10, 1)


def test_a_corpus_without_words_has_no_rate() -> None:
    total = corpus([score("", "boo", "en")])
    assert (total.wer, total.cer, total.wer_low, total.added) == (None, None, None, 1)


def test_the_interval_contains_the_rate_and_is_deterministic() -> None:
    blocks = [(0, 10), (1, 10), (2, 10), (0, 10), (4, 10)] * 10
    low, high = interval(blocks)
    assert low is not None and high is not None
    assert low < 14.0 < high
    assert (low, high) == interval(blocks)
    # The standard error of the mean is 2.1 points, and the interval about four of them wide.
    assert 6.0 < high - low < 10.5


def test_a_long_recording_is_split_into_blocks() -> None:
    reference = " ".join(f"w{i}" for i in range(200))
    blocks = score(reference, reference.replace("w0 ", "", 1), "de").blocks
    assert len(blocks) == 4 and sum(words for _, words in blocks) == 200
    assert blocks[0][0] == 1 and sum(errors for errors, _ in blocks) == 1


def test_word_times_by_hand() -> None:
    expected = [("One", 0.0, 0.5), ("two", 0.5, 1.0), ("three", 1.0, 1.5)]
    decoded = [(" one,", 0.1, 0.5), (" too", 0.5, 1.0), (" three", 0.8, 1.6)]
    times = word_times(expected, decoded)
    assert (times.matched, times.expected) == (2, 3)
    assert times.start_errors == pytest.approx((0.1, 0.2))
    assert times.end_errors == pytest.approx((0.0, 0.1))


WORDS = st.lists(st.sampled_from(["north", "south", "east", "west", "up", "down"]), max_size=60)


@settings(deadline=None)
@given(WORDS, WORDS)
def test_counts_are_consistent(reference: list[str], decoded: list[str]) -> None:
    result: Score = score(" ".join(reference), " ".join(decoded), "de")
    assert result.words == len(reference)
    assert result.words - result.deletions + result.insertions == len(decoded)
    assert sum(errors for errors, _ in result.blocks) == result.errors
    assert sum(words for _, words in result.blocks) == result.words
    assert result.lost <= result.deletions and result.added <= result.insertions
    assert (result.errors == 0) == (reference == decoded)
    assert accuracy.RUN == 5

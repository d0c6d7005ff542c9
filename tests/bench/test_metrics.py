"""The metrics, counted by hand."""

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
    # cat → bat, the second "the" is gone, "now" has come
    one = score("The cat sat on the mat today.", "the bat sat on mat today now", "en")
    assert (one.words, one.substitutions, one.deletions, one.insertions) == (7, 1, 1, 1)
    assert one.errors == 3
    assert (one.lost, one.added) == (0, 0)
    # c → b, "the " (4) gone, " now" (4) added
    assert (one.characters, one.character_errors) == (28, 9)


def test_five_words_in_a_row_are_lost_and_four_are_errors() -> None:
    said = "alpha bravo charlie delta echo foxtrot golf hotel"
    assert score(said, "alpha golf hotel", "en").lost == 5
    assert score(said, "alpha bravo golf hotel", "en").lost == 0
    assert score(said, "", "en").lost == 8


def test_a_loop_is_added_and_so_is_every_word_on_silence() -> None:
    assert score("hello there", "hello there you you you you you", "en").added == 5
    assert score("hello there", "hello there you you you you", "en").added == 0
    assert score("", "Thank you.", "en").added == 2
    assert score("", "", "en").added == 0


def test_the_corpus_is_sums_over_sums() -> None:
    # 1 error in 1 word and 0 in 9: 10 %, where the mean of the rates would be 50 %
    found = corpus(
        [score("no", "yes", "en"), score("a b c d e f g h i", "a b c d e f g h i", "en")]
    )
    assert found.wer == pytest.approx(10.0)
    assert (found.words, found.substitutions) == (10, 1)


def test_a_corpus_without_words_has_no_rate() -> None:
    found = corpus([score("", "boo", "en")])
    assert (found.wer, found.cer, found.wer_low, found.added) == (None, None, None, 1)


def test_the_interval_holds_the_rate_and_is_always_the_same() -> None:
    blocks = [(0, 10), (1, 10), (2, 10), (0, 10), (4, 10)] * 10
    low, high = interval(blocks)
    assert low is not None and high is not None
    assert low < 14.0 < high
    assert (low, high) == interval(blocks)
    # The standard error of the mean of these is 2.1 points: the interval is about 4 of it wide.
    assert 6.0 < high - low < 10.5


def test_a_long_recording_is_resampled_by_the_block() -> None:
    said = " ".join(f"w{i}" for i in range(200))
    blocks = score(said, said.replace("w0 ", "", 1), "de").blocks
    assert len(blocks) == 4 and sum(words for _, words in blocks) == 200
    assert blocks[0][0] == 1 and sum(errors for errors, _ in blocks) == 1


def test_word_times_by_hand() -> None:
    expected = [("One", 0.0, 0.5), ("two", 0.5, 1.0), ("three", 1.0, 1.5)]
    heard = [(" one,", 0.1, 0.5), (" too", 0.5, 1.0), (" three", 0.8, 1.6)]
    found = word_times(expected, heard)
    assert (found.matched, found.expected) == (2, 3)
    assert found.start_errors == pytest.approx((0.1, 0.2))
    assert found.end_errors == pytest.approx((0.0, 0.1))


WORDS = st.lists(st.sampled_from(["north", "south", "east", "west", "up", "down"]), max_size=60)


@settings(deadline=None)
@given(WORDS, WORDS)
def test_the_counts_agree_with_each_other(said: list[str], heard: list[str]) -> None:
    one: Score = score(" ".join(said), " ".join(heard), "de")
    assert one.words == len(said)
    assert one.words - one.deletions + one.insertions == len(heard)
    assert sum(errors for errors, _ in one.blocks) == one.errors
    assert sum(words for _, words in one.blocks) == one.words
    assert one.lost <= one.deletions and one.added <= one.insertions
    assert (one.errors == 0) == (said == heard)
    assert accuracy.RUN == 5

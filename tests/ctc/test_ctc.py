"""CTC decoding and forced alignment, on synthetic frames without any model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from support.errors import raises
from unispeech.ctc import align, viterbi, words
from unispeech.errors import AudioError, ModelDamaged
from unispeech.options import VadOptions
from unispeech.stages import chunking, stitch
from unispeech.types import FRAME, SAMPLE_RATE, Chunk, ChunkResult, Emissions, End

TOKENS = ("", "", "", "", " ", *"abcdefghijklmnopqrstuvwxyz")


def emissions(frames: str, probability: float = 0.9) -> Emissions:
    """One frame per character: `-` is the blank, a space the pause between words."""
    scores = np.full((len(frames), len(TOKENS)), (1 - probability) / (len(TOKENS) - 1), np.float32)
    for row, letter in enumerate(frames):
        scores[row, 0 if letter == "-" else TOKENS.index(letter)] = probability
    return Emissions(np.log(scores), TOKENS, blank=0, step=0.02)


def text(frames: Emissions) -> str:
    return "".join(segment.text for segment in words.read(frames))


def test_repeats_are_one_letter_unless_a_blank_separates_them() -> None:
    assert text(emissions("--hhee-ll-lo-  ab--")) == " hello ab"
    assert words.read(emissions("------")) == ()
    assert words.read(emissions("")) == ()


def test_times_are_those_of_the_frames() -> None:
    (segment,) = words.read(emissions("-----aab-- -c--"))
    first, second = segment.words
    assert (first.start, first.end, second.start, second.end) == (0.1, 0.16, 0.24, 0.26)
    assert [(c.word, c.start, c.end) for c in first.characters] == [
        ("a", 0.1, 0.14),
        ("b", 0.14, 0.16),
    ]
    assert first.probability == pytest.approx(0.9, abs=0.01)
    assert segment.avg_logprob == pytest.approx(np.log(0.9), abs=0.01)


def test_a_pause_ends_a_segment_and_words_are_optional() -> None:
    frames = emissions("ab" + "-" * 45 + " cd")
    assert [s.text for s in words.read(frames)] == [" ab", " cd"]
    assert [s.words for s in words.read(frames, words=False)] == [(), ()]


def test_each_letter_is_a_word_in_spaceless_languages() -> None:
    (segment,) = words.read(emissions("-a-b c"), "cmn-script_simplified")
    assert segment.text == "abc" and [w.word for w in segment.words] == ["a", "b", "c"]


@example("aa", [1])
@example("aaa", [1, 2])
@example("baab", [2])
@example("a" * 200, [50, 100, 150])
@example(" baaab c", [3, 4])
@given(
    st.text(alphabet="ab c-", min_size=2, max_size=300), st.lists(st.integers(1, 299), max_size=6)
)
def test_joined_chunks_decode_like_the_whole(frames: str, cuts: list[int]) -> None:
    assume("-" * 20 not in frames)  # words have no such silence inside
    edges = [0, *sorted({cut for cut in cuts if cut < len(frames)}), len(frames)]
    items: list[stitch.Decoded | End] = []
    for number, (low, high) in enumerate(zip(edges, edges[1:], strict=False)):
        part = emissions(frames[low:high])
        chunk = Chunk(np.zeros(1, np.float32), low * 0.02, high * 0.02, index=number)
        items.append((chunk, ChunkResult(words.read(part), emissions=part)))
    items.append(End(len(frames) * 0.02))
    texts = []
    at = 0.0
    for item in stitch.joined(items, lambda part, language: words.read(part, language)):
        if not isinstance(item, End):
            assert item[0].start == pytest.approx(at) and item[0].end >= item[0].start
            at = item[0].end
            texts.append("".join(s.text for s in item[1].segments))
    assert "".join(texts).split() == text(emissions(frames)).split()


def test_a_silence_at_the_boundary_separates_words() -> None:
    """Neither chunk has seen the word beyond the silence, so the space may be missing."""

    def decoded(left: str, right: str) -> str:
        parts = words.move_boundary(emissions(left), emissions(right))
        return "".join(text(part) for part in parts)

    assert decoded("-one two" + "-" * 20, "-" * 20 + "thre-e four-") == " one two three four"
    assert decoded("-one two" + "-" * 40, "-thre-e four-") == " one two three four"
    assert decoded("-one tw", "o" + "-" * 40 + " thre-e-") == " one two three"
    assert decoded("-one th" + "-" * 10, "-" * 5 + "r-e-e-") == " one three"


def test_distant_chunks_and_other_backends_are_unchanged() -> None:
    first, second = (
        (
            Chunk(np.zeros(1, np.float32), start, start + 0.1),
            ChunkResult((), emissions=emissions("-abc-")),
        )
        for start in (0.0, 5.0)
    )
    plain = (Chunk(np.zeros(1, np.float32), 5.1, 6.0), ChunkResult(()))
    out = list(
        stitch.joined([first, second, plain], lambda part, language: words.read(part, language))
    )
    assert [o[1].text for o in out if not isinstance(o, End)] == [" abc", " abc", ""]
    assert out[2] is plain


@pytest.mark.parametrize("speech", [1.0, 0.0])
def test_chunks_include_their_context(speech: float) -> None:
    """With context, the samples of a chunk equal the recording around it."""
    samples = np.random.default_rng(0).normal(size=SAMPLE_RATE * 75).astype(np.float32)
    flags = np.ones(len(samples) // FRAME, np.bool_)
    if not speech:  # four seconds of speech, then five of silence
        flags[(np.arange(len(flags)) * 0.032) % 9 > 4] = False
    size = FRAME * 300
    blocks = (
        (samples[i : i + size], flags[i // FRAME : (i + size) // FRAME])
        for i in range(0, len(samples), size)
    )
    plain = list(chunking.plan(iter([(samples, flags)]), VadOptions(), 20.0))
    chunks = list(chunking.plan(blocks, VadOptions(), 20.0, context=1.5))
    assert [(c.start, c.end) for c in chunks] == [(c.start, c.end) for c in plain]
    assert len(chunks) > 3
    for chunk in chunks:
        low = round((chunk.start - chunk.before) * SAMPLE_RATE)
        assert np.array_equal(chunk.samples, samples[low : low + len(chunk.samples)])
        assert len(chunk.samples) == round(
            (chunk.before + chunk.duration + chunk.after) * SAMPLE_RATE
        )
        assert chunk.before == min(1.5, chunk.start)
        assert chunk.after == pytest.approx(min(1.5, 75 - chunk.end), abs=0.033)


def test_align_finds_each_word_and_letter() -> None:
    frames = emissions("---aab-- -c-c---  --d-------e--")
    words = align.align(frames, "Ab, cc! dé")
    assert [w.word for w in words] == [" Ab,", " cc!", " dé"]
    assert [(w.start, w.end) for w in words] == [(0.06, 0.12), (0.2, 0.26), (0.4, 0.58)]
    assert [c.word for c in words[2].characters] == ["d", "é"]
    assert min(w.probability for w in words) > 0.8


def test_align_places_a_number_between_its_neighbours() -> None:
    frames = emissions("-aa-- -bcb-cb-- --dd--")
    first, number, last = align.align(frames, "a 42 d")
    assert first.end <= number.start < number.end <= last.start
    assert (number.start, number.end) == (0.14, 0.26) and number.probability == 0.0
    assert (first.end, last.start) == (0.06, 0.36)
    assert align.align(emissions("---"), "") == ()


def test_align_separates_consecutive_numbers() -> None:
    """`3 %` is spoken as two words; the pause before belongs to neither."""
    frames = emissions("-a--" + "-" * 30 + " -bc- --de-f- --g--")
    _, three, percent, last = align.align(frames, "a 3 % g")
    assert (three.start, three.end) == (0.72, 0.76)
    assert (percent.start, percent.end) == (0.84, 0.92) and last.start > 0.94
    first, second = align.align(emissions("-abc-"), "42 7")
    assert 0.0 <= first.start < first.end <= second.start < second.end <= 0.1


def test_align_of_a_word_with_letters_that_the_model_lacks() -> None:
    """`42nd` begins with its number; its letters have times of their own."""
    _, word, last = align.align(emissions("-a- -bc-b-nd- -e-"), "a 42nd e")
    assert (word.start, word.end) == (0.1, 0.24) and last.start == 0.3
    assert [(c.word, c.start) for c in word.characters] == [("n", 0.2), ("d", 0.22)]
    assert word.probability > 0.8
    (foreign,) = align.align(emissions("-abc-"), "北京")
    assert (foreign.start, foreign.end, foreign.characters) == (0.02, 0.08, ())


def test_align_places_silent_words_between_their_neighbours() -> None:
    frames = emissions("-a-- -b--")
    first, dash, dots, last = align.align(frames, "a – ... b")
    assert first.end == dash.start < dash.end == dots.start < dots.end == last.start
    (only,) = align.align(frames, "...")
    assert (only.start, only.end) == (0.0, 0.18)


def test_align_of_a_spaceless_text() -> None:
    """Each letter is a word without pauses between; digits share the time of their number."""
    words = align.align(emissions("-abcdefg-hi-"), "ab 42 hi.", spaceless=True)
    assert [w.word for w in words] == ["a", "b", "4", "2", "h", "i", "."]
    assert [w.start for w in words[:6]] == [0.02, 0.04, 0.06, 0.12, 0.18, 0.2]
    assert words[3].end == 0.16


def test_align_finds_the_right_path_if_greedy_decoding_is_wrong() -> None:
    frames = emissions("--a-bb-- --x--e-f--")  # has an x instead of a d
    words = align.align(frames, "ab def")
    assert words[1].characters[0].start == pytest.approx(0.22, abs=0.041)
    assert words[1].probability < words[0].probability


def test_align_refuses_a_text_that_is_too_long() -> None:
    with pytest.raises(AudioError, match="letters"):
        align.align(emissions("-ab-"), "a much longer text than that")


@given(st.text(alphabet="ab c", min_size=1, max_size=40), st.integers(1, 4))
def test_align_of_the_decoded_text_gives_its_times(text: str, stretch: int) -> None:
    expected = text.split()
    frames = "".join(f"{letter * stretch}-" for letter in " ".join(expected))
    scores = emissions(f"-{frames}-")
    aligned = align.align(scores, " ".join(expected))
    assert [w.word.strip() for w in aligned] == expected
    assert [(w.start, w.end) for w in aligned] == [
        (w.start, w.end) for s in words.read(scores) for w in s.words
    ]


def test_a_moving_window_gives_the_same_path() -> None:
    words = ["abc", "de", "fgh", "xyz"] * 60
    scores = emissions("".join(f"{'-'.join(word)}-- --" for word in words)).scores
    tokens = [TOKENS.index(letter) for letter in " ".join(words)]
    whole = viterbi.path(scores, tokens, blank=0)
    assert len(whole) == len(tokens) > 128
    assert viterbi.path(scores, tokens, blank=0, window=128) == whole


@pytest.mark.parametrize("frames", [1, 7, 100, 10_000])
def test_blocks_of_frames_give_the_same_path(frames: int) -> None:
    rng = np.random.default_rng(0)
    scores = np.log(rng.dirichlet(np.ones(8), 300)).astype(np.float32)
    tokens = rng.integers(1, 8, 40).tolist()
    whole = viterbi.path(scores, tokens, blank=0)
    assert viterbi.path(scores, tokens, blank=0, block=frames) == whole
    narrow = viterbi.path(scores, tokens, blank=0, window=64)
    assert viterbi.path(scores, tokens, blank=0, window=64, block=frames) == narrow


def test_each_line_is_a_segment() -> None:
    frames = emissions("-ab- -cd- -ef-")
    first, second = align.lines(replace(frames, start=10.0), "ab cd\n\n ef \n", "eng")
    assert (first.text, second.text) == (" ab cd", " ef")
    assert first.start == 10.02 and second.id == 1


ARPA = """\\data\\
ngram 1=5
ngram 2=3

\\1-grams:
-1.0\t<s>\t-0.3
-1.0\t</s>\t0
-2.0\t<unk>\t0
-0.6\tbread\t-0.3
-0.6\tand\t-0.3

\\2-grams:
-0.2\t<s> bread
-0.2\tbread and
-0.2\tand bread

\\end\\
"""


def test_an_ngram_model_decides_between_what_sounds_alike(tmp_path: Path) -> None:
    pytest.importorskip("ctc_beam_decoder")
    path = tmp_path / "words.arpa"
    path.write_text(ARPA)
    frames = emissions("-b-r-e-t-- -a-n-d--")
    frames.scores[7, TOKENS.index("d")] = frames.scores[7, TOKENS.index("t")] - 0.1  # a t, or a d
    assert text(frames) == " bret and"
    frames.scores[6, TOKENS.index("a")] = frames.scores[6, 0] - 0.1  # an a, or nothing
    (segment,) = words.read(frames, ngram=str(path))
    assert segment.text == " bread and"
    first, second = segment.words
    assert 0 <= first.start < first.end <= second.start < second.end <= 0.4
    assert "".join(c.word for c in first.characters) == "bread"
    assert words.read(emissions("---"), ngram=str(path)) == ()


def test_an_ngram_model_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    pytest.importorskip("ctc_beam_decoder")
    broken = tmp_path / "words.arpa"
    broken.write_text("not a model")
    for path in (broken, tmp_path / "missing.arpa"):
        with raises(ModelDamaged, path):
            words.read(emissions("-ab-"), ngram=str(path))

"""From what a CTC model says of each frame to words with their times. Pure.

The best token of each frame, repeats and blanks dropped (Graves et al. 2006), or, with an n-gram
model, a beam search over words. Times are those of the frames at which the letters were heard.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from unispeech import languages
from unispeech.errors import BackendMissing, ModelDamaged
from unispeech.types import Emissions, Segment, Word

PAUSE = 0.8
"""Seconds without a letter that end a segment."""
REACH = 3.0
"""Seconds around the end of a chunk in which a pause between two words is looked for."""
SILENCE = 0.5
"""Seconds without a letter, where two chunks meet, that are in no word."""
FLOOR = -15.0
"""The lowest log probability that a letter is counted with."""

NO_DECODER = "ngram: the library ctc-beam-decoder is not installed"


@dataclass(frozen=True, slots=True)
class Heard:
    """One token that was heard: its text, its first frame and the one after its last."""

    text: str
    first: int
    end: int
    logprob: float


def collapse(emissions: Emissions) -> list[Heard]:
    """The best token of each frame, repeats as one, without blanks and tokens without text."""
    if not len(emissions.scores):
        return []
    best = emissions.scores.argmax(axis=1)
    edges = [0, *(np.flatnonzero(np.diff(best)) + 1).tolist(), len(best)]
    heard = []
    for first, end in itertools.pairwise(edges):
        token = int(best[first])
        if token != emissions.blank and emissions.tokens[token]:
            logprob = float(emissions.scores[first:end, token].max())
            heard.append(Heard(emissions.tokens[token], first, end, max(logprob, FLOOR)))
    return heard


def read(
    emissions: Emissions, language: str | None = None, words: bool = True, ngram: str | None = None
) -> tuple[Segment, ...]:
    """The segments of a chunk, cut where there is a pause; times from the chunk's start.

    `ngram` is the path of a KenLM model (ARPA or binary) of words.

    Raises:
        BackendMissing: an n-gram model is given and its library is not installed.
        ModelDamaged: the n-gram model cannot be read.
    """
    dense = languages.is_spaceless(language)
    spoken = _searched(emissions, ngram) if ngram else _words(collapse(emissions), dense)
    made = [_word(emissions, letters, dense) for letters in spoken]
    if made and emissions.inside_word:
        made[0] = replace(made[0], word=made[0].word.removeprefix(" "))
    return tuple(_segment(group, words) for group in _phrases(made))


def _words(heard: Iterable[Heard], dense: bool) -> Iterator[list[Heard]]:
    """The letters of each word: up to a space, or single ones where words have no spaces."""
    if dense:
        yield from ([letter] for letter in heard if letter.text != " ")
        return
    for space, letters in itertools.groupby(heard, lambda letter: letter.text == " "):
        if not space:
            yield list(letters)


def _word(emissions: Emissions, letters: Sequence[Heard], dense: bool) -> Word:
    characters = tuple(
        Word(
            emissions.time(letter.first),
            emissions.time(letter.end),
            letter.text,
            math.exp(letter.logprob),
        )
        for letter in letters
    )
    return Word(
        start=characters[0].start,
        end=characters[-1].end,
        word=("" if dense else " ") + "".join(letter.text for letter in letters),
        probability=math.exp(sum(letter.logprob for letter in letters) / len(letters)),
        characters=characters,
    )


def _phrases(words: Iterable[Word]) -> Iterator[list[Word]]:
    phrase: list[Word] = []
    for word in words:
        if phrase and word.start - phrase[-1].end >= PAUSE:
            yield phrase
            phrase = []
        phrase.append(word)
    if phrase:
        yield phrase


def _segment(words: Sequence[Word], keep: bool) -> Segment:
    logprobs = [math.log(letter.probability) for word in words for letter in word.characters]
    return Segment(
        id=0,
        start=words[0].start,
        end=words[-1].end,
        text="".join(word.word for word in words),
        words=tuple(words) if keep else (),
        avg_logprob=sum(logprobs) / len(logprobs),
    )


def joined(parts: Sequence[Emissions]) -> Emissions:
    """One after the other, as if they had been one chunk. Of one model and language."""
    return replace(parts[0], scores=np.concatenate([part.scores for part in parts]))


def move_boundary(left: Emissions, right: Emissions) -> tuple[Emissions, Emissions]:
    """The same frames, divided anew where no word is cut in two.

    Where they meet in a silence, they part there: neither may have seen the other side of it, so
    that the space of which both are sure may be missing. Else it is at the pause between words
    nearest to where they meet, or, in a word too long for that, between two of its letters. A
    letter that sounds across the place goes to the right as a whole: in two parts it would be said
    twice.
    """
    both = joined([left, right])
    reach = round(REACH / both.step)
    middle = len(left.scores)
    low, high = max(0, middle - reach), min(len(both.scores), middle + reach)
    best = both.scores[low:high].argmax(axis=1)
    spaces = [i for i, text in enumerate(both.tokens) if text == " "]
    letters = [i for i, text in enumerate(both.tokens) if text.strip() and i != both.blank]
    spoken = np.flatnonzero(np.isin(best, letters)) + low
    between = np.flatnonzero(np.isin(best, spaces)) + low
    inside = np.flatnonzero(best == both.blank) + low
    silent = between if len(between) else inside
    if _apart(spoken, middle, low, high) * both.step >= SILENCE:
        cut, within = middle, False
    else:
        cut = _nearest(silent, middle) if len(silent) else _onset(both, middle)
        within = not len(between) if cut else both.inside_word
    return (
        replace(both, scores=both.scores[:cut]),
        replace(both, scores=both.scores[cut:], start=0.0, inside_word=within),
    )


def _apart(spoken: npt.NDArray[np.intp], middle: int, low: int, high: int) -> int:
    """How many frames around one are without a letter, between two edges."""
    before, after = spoken[spoken < middle], spoken[spoken >= middle]
    return (int(after[0]) if len(after) else high) - (int(before[-1]) + 1 if len(before) else low)


def _nearest(frames: npt.NDArray[np.intp], middle: int) -> int:
    return min((int(frame) for frame in frames), key=lambda frame: abs(frame - middle))


def _onset(emissions: Emissions, frame: int) -> int:
    """The first frame of the letter that sounds at a frame."""
    best = emissions.scores[: frame + 1].argmax(axis=1)
    while 0 < frame < len(best) and best[frame - 1] == best[frame]:
        frame -= 1
    return frame


def _searched(emissions: Emissions, ngram: str) -> Iterator[list[Heard]]:
    """The words of the best beam; each letter of a word gets an even part of the word's frames."""
    if not len(emissions.scores):
        return
    decoder = _decoder(ngram, emissions.tokens, emissions.blank)
    (_, _, words, _, _), *_ = decoder.decode_beams(emissions.scores, prune_history=True)
    best = emissions.scores.max(axis=1)
    for text, (first, end) in words:
        width = (end - first) / len(text)
        yield [
            Heard(
                letter,
                round(first + i * width),
                round(first + (i + 1) * width),
                max(float(best[first:end].mean()), FLOOR),
            )
            for i, letter in enumerate(text)
        ]


@lru_cache(maxsize=8)
def _decoder(path: str, tokens: tuple[str, ...], blank: int) -> Any:
    try:
        from ctc_beam_decoder import build_ctcdecoder
    except ImportError:
        raise BackendMissing(NO_DECODER, "run: pip install 'unispeech[mms]'") from None
    # Tokens without text never win; each needs a name of its own that is no letter.
    labels = [text or f"⁇{number}" for number, text in enumerate(tokens)]
    labels[blank] = ""
    try:
        return build_ctcdecoder(labels, kenlm_model_path=path)
    except (FileNotFoundError, ValueError, RuntimeError) as error:
        raise ModelDamaged(
            f"ngram {path}: {error}", "give a KenLM model: an .arpa file or a binary one"
        ) from error

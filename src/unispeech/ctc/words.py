"""CTC decoding: from frame scores to words with times. Pure functions.

Greedy decoding takes the best token of each frame and drops repeats and blanks (Graves et al.
2006). With an n-gram model, a beam search over words replaces it. The times are those of the frames
of the letters.
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
"""Seconds around the end of a chunk to search for a pause between words."""
SILENCE = 0.5
"""Seconds without a letter around a chunk boundary that cannot be inside a word."""
FLOOR = -15.0
"""Lower bound of the log probability of a letter."""

NO_DECODER = "ngram: the library ctc-beam-decoder is not installed"


@dataclass(frozen=True, slots=True)
class DecodedToken:
    """A decoded token: its text, its first frame and the frame after its last."""

    text: str
    first: int
    end: int
    logprob: float


def collapse(emissions: Emissions) -> list[DecodedToken]:
    """The best token of each frame, with repeats merged, without blanks and tokens without text."""
    if not len(emissions.scores):
        return []
    best = emissions.scores.argmax(axis=1)
    edges = [0, *(np.flatnonzero(np.diff(best)) + 1).tolist(), len(best)]
    tokens = []
    for first, end in itertools.pairwise(edges):
        token = int(best[first])
        if token != emissions.blank and emissions.tokens[token]:
            logprob = float(emissions.scores[first:end, token].max())
            text = emissions.tokens[token]
            tokens.append(DecodedToken(text, first, end, max(logprob, FLOOR)))
    return tokens


def read(
    emissions: Emissions, language: str | None = None, words: bool = True, ngram: str | None = None
) -> tuple[Segment, ...]:
    """Decode a chunk into segments, cut at pauses; times count from the start of the chunk.

    `ngram` is the path of a KenLM word model (ARPA or binary).

    Raises:
        BackendMissing: `ngram` is set and its library is not installed.
        ModelDamaged: the n-gram model cannot be read.
    """
    spaceless = languages.is_spaceless(language)
    spelled = _beam_search(emissions, ngram) if ngram else _words(collapse(emissions), spaceless)
    decoded = [_word(emissions, letters, spaceless) for letters in spelled]
    if decoded and emissions.inside_word:
        decoded[0] = replace(decoded[0], word=decoded[0].word.removeprefix(" "))
    return tuple(_segment(phrase, words) for phrase in _phrases(decoded))


def _words(tokens: Iterable[DecodedToken], spaceless: bool) -> Iterator[list[DecodedToken]]:
    """The letters of each word, which ends at a space; single letters in spaceless languages."""
    if spaceless:
        yield from ([letter] for letter in tokens if letter.text != " ")
        return
    for is_space, letters in itertools.groupby(tokens, lambda token: token.text == " "):
        if not is_space:
            yield list(letters)


def _word(emissions: Emissions, letters: Sequence[DecodedToken], spaceless: bool) -> Word:
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
        word=("" if spaceless else " ") + "".join(letter.text for letter in letters),
        probability=math.exp(sum(letter.logprob for letter in letters) / len(letters)),
        characters=characters,
        timed_by="ctc",
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
    """Concatenate the emissions of adjacent chunks of one model and language."""
    return replace(parts[0], scores=np.concatenate([part.scores for part in parts]))


def move_boundary(left: Emissions, right: Emissions) -> tuple[Emissions, Emissions]:
    """Move the boundary of two adjacent chunks so that it does not cut a word.

    A boundary in a silence stays, because neither chunk may have seen the word on the other side,
    so the space between the words may be missing from both. Otherwise the boundary moves to the
    nearest pause between words, or, inside a very long word, to a gap between two letters. A letter
    across the boundary goes to the right chunk as a whole, since both halves would decode to it.
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
    if _silent_frames(spoken, middle, low, high) * both.step >= SILENCE:
        cut, within = middle, False
    else:
        cut = _nearest(silent, middle) if len(silent) else _onset(both, middle)
        within = not len(between) if cut else both.inside_word
    return (
        replace(both, scores=both.scores[:cut]),
        replace(both, scores=both.scores[cut:], start=0.0, inside_word=within),
    )


def _silent_frames(spoken: npt.NDArray[np.intp], middle: int, low: int, high: int) -> int:
    """Number of frames without a letter around a frame, within bounds."""
    before, after = spoken[spoken < middle], spoken[spoken >= middle]
    return (int(after[0]) if len(after) else high) - (int(before[-1]) + 1 if len(before) else low)


def _nearest(frames: npt.NDArray[np.intp], middle: int) -> int:
    return min((int(frame) for frame in frames), key=lambda frame: abs(frame - middle))


def _onset(emissions: Emissions, frame: int) -> int:
    """The first frame of the letter at a frame."""
    best = emissions.scores[: frame + 1].argmax(axis=1)
    while 0 < frame < len(best) and best[frame - 1] == best[frame]:
        frame -= 1
    return frame


def _beam_search(emissions: Emissions, ngram: str) -> Iterator[list[DecodedToken]]:
    """The words of the best beam. The letters of a word share its frames evenly."""
    if not len(emissions.scores):
        return
    decoder = _decoder(ngram, emissions.tokens, emissions.blank)
    (_, _, words, _, _), *_ = decoder.decode_beams(emissions.scores, prune_history=True)
    best = emissions.scores.max(axis=1)
    for text, (first, end) in words:
        width = (end - first) / len(text)
        yield [
            DecodedToken(
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
    # Tokens without text are never decoded, but each needs a unique label that is no letter.
    labels = [text or f"⁇{number}" for number, text in enumerate(tokens)]
    labels[blank] = ""
    try:
        return build_ctcdecoder(labels, kenlm_model_path=path)
    except (FileNotFoundError, ValueError, RuntimeError) as error:
        raise ModelDamaged(
            f"ngram {path}: {error}", "give a KenLM model: an .arpa file or a binary one"
        ) from error

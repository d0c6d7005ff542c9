"""Forced alignment: word times of a known text from the frame scores of a CTC model.

Finds the most likely path through the letters of the text, with an optional blank between any two
(Graves et al. 2006; Kürzinger et al. 2020): `viterbi`. The text may come from any source; the model
only needs the letters of its script.
"""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from unispeech import languages
from unispeech.ctc.viterbi import Span, path
from unispeech.ctc.words import FLOOR
from unispeech.types import Emissions, Floats, Segment, Word

ANY = -1
"""Token of a sound that the model's letters cannot spell: a number, another script."""
SILENCE = -2
"""Token of the sound before and after the text: a blank, or the space of another word."""
ANY_PENALTY = 0.5
"""Log probability subtracted per frame of `ANY`, so that silence is not counted as part of it."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter of the text that the model has, or `ANY` for characters that it cannot spell."""

    word: int
    text: str
    token: int


def align(emissions: Emissions, text: str, spaceless: bool = False) -> tuple[Word, ...]:
    """Align a text: its words with times, in the order of the text.

    Times count as in `emissions`. Words are separated by spaces; in a `spaceless` text each
    character is a word. Case, accents and punctuation are matched to the letters that the model
    has. Digits and letters that the model lacks (`1984`, `3 %`, another script) get any sound
    between their neighbours. A silent word (a dash) gets the time between its neighbours.
    `probability` is that of the letters the model has, and 0 for a word without any.

    Raises:
        AudioError: there are fewer frames than letters in the text.
    """
    words = list("".join(text.split())) if spaceless else text.split()
    letters = spell(words, emissions, spaceless)
    spans = _spans(letters, emissions) if letters else iter(())
    of_word: list[list[tuple[Letter, Span]]] = [[] for _ in words]
    for letter, span in zip(letters, spans, strict=True):
        if letter.word >= 0:
            of_word[letter.word].append((letter, span))
    places = _places(of_word, len(emissions.scores))
    return tuple(
        _word(emissions, f"{'' if spaceless else ' '}{word}", place, mine)
        for word, place, mine in zip(words, places, of_word, strict=True)
    )


def lines(emissions: Emissions, text: str, language: str | None = None) -> tuple[Segment, ...]:
    """Align a text: a segment for each line that has words. Raises the errors of `align`."""
    spaceless = languages.is_spaceless(language)
    remaining = list(align(emissions, text, spaceless))
    segments: list[Segment] = []
    for line in text.splitlines():
        count = len("".join(line.split())) if spaceless else len(line.split())
        words, remaining = tuple(remaining[:count]), remaining[count:]
        if words:
            joined = "".join(word.word for word in words)
            start, end = words[0].start, words[-1].end
            segments.append(Segment(len(segments), start, end, joined, words, language=language))
    return tuple(segments)


def spell(words: Sequence[str], emissions: Emissions, spaceless: bool = False) -> list[Letter]:
    """Spell words in the letters of the model, with its space token between words if it has any."""
    tokens = {text: number for number, text in enumerate(emissions.tokens) if text}
    spelled: list[Letter] = []
    for number, word in enumerate(words):
        letters = list(_letters(number, word, tokens))
        if letters and spelled and " " in tokens and not spaceless:
            spelled.append(Letter(-1, " ", tokens[" "]))
        spelled += letters
    return spelled


def _letters(number: int, word: str, tokens: Mapping[str, int]) -> Iterator[Letter]:
    """The letters of a word. A run of unknown characters that have a sound becomes one `ANY`."""
    for unknown, characters in itertools.groupby(word, lambda c: not _known(c, tokens)):
        part = "".join(characters)
        if not unknown:
            yield from (Letter(number, c, tokens[t]) for c in part for t in _known(c, tokens))
        elif any(map(_is_spoken, part)):
            yield Letter(number, part, ANY)


def _is_spoken(character: str) -> bool:
    """True for digits, letters, `%` and `€`; false for commas, accents and dashes."""
    return character in "%‰&@#" or unicodedata.category(character)[0] in "LNS"


def _known(character: str, tokens: Mapping[str, int]) -> str:
    """A character in the letters of the model: as it is, in the other case, or without accents."""
    bare = unicodedata.normalize("NFKD", character)
    for form in (character, character.lower(), character.upper(), bare, bare.lower(), bare.upper()):
        letters = "".join(letter for letter in form if letter in tokens and letter != " ")
        if letters:
            return letters
    return ""


def _spans(letters: Sequence[Letter], emissions: Emissions) -> Iterator[Span]:
    """The frames of each letter. Consecutive `ANY` are one sound and share its frames evenly."""
    units = [
        number
        for number, letter in enumerate(letters)
        if letter.token != ANY or not number or letters[number - 1].token != ANY
    ]
    tokens = [letters[unit].token for unit in units]
    spans = path(_columns(emissions), tokens, emissions.blank, SILENCE)
    for span, unit, following in zip(spans, units, [*units[1:], len(letters)], strict=True):
        if letters[unit].token == ANY:
            span = _trim_silence(emissions, *span)
        edges = np.linspace(*span, following - unit + 1).round().astype(int).tolist()
        yield from itertools.pairwise(edges)


def _columns(emissions: Emissions) -> Floats:
    """The scores, with two more columns: `SILENCE`, and `ANY`, slightly below the best token."""
    scores = emissions.scores
    silent = [emissions.blank, *(i for i, text in enumerate(emissions.tokens) if text == " ")]
    silence = scores[:, silent].max(axis=1, keepdims=True)
    anything = scores.max(axis=1, keepdims=True) - np.float32(ANY_PENALTY)
    return np.concatenate([scores, silence, anything], axis=1)


def _trim_silence(emissions: Emissions, first: int, end: int) -> Span:
    """The frames from the first letter to the last; all frames if there is no letter."""
    letters = [number for number, text in enumerate(emissions.tokens) if text.strip()]
    frames = np.flatnonzero(np.isin(emissions.scores[first:end].argmax(axis=1), letters))
    return (first + int(frames[0]), first + int(frames[-1]) + 1) if len(frames) else (first, end)


def _places(of_word: Sequence[Sequence[tuple[Letter, Span]]], frames: int) -> list[Span]:
    """The frames of each word. Silent words share the frames between their neighbours."""
    places: list[Span] = []
    for is_spoken, group in itertools.groupby(of_word, bool):
        words = list(group)
        if is_spoken:
            places += [(word[0][1][0], word[-1][1][1]) for word in words]
            continue
        begin = places[-1][1] if places else 0
        following = of_word[len(places) + len(words) :]
        end = following[0][0][1][0] if following else frames
        places += itertools.pairwise(np.linspace(begin, end, len(words) + 1).astype(int).tolist())
    return places


def _word(
    emissions: Emissions, text: str, place: Span, letters: Sequence[tuple[Letter, Span]]
) -> Word:
    characters = [
        Word(
            emissions.time(first),
            emissions.time(end),
            letter.text,
            math.exp(max(float(emissions.scores[first:end, letter.token].max()), FLOOR)),
        )
        for letter, (first, end) in letters
        if letter.token != ANY
    ]
    logprobs = [math.log(character.probability) for character in characters]
    logprob = sum(logprobs) / len(logprobs) if logprobs else -math.inf
    return Word(
        start=emissions.time(place[0]),
        end=emissions.time(place[1]),
        word=text,
        probability=math.exp(logprob),
        characters=tuple(characters),
        timed_by="ctc",
    )

"""When each word of a known text was said, from what a CTC model says of each frame.

The likeliest path through the letters of the text, a blank allowed between any two (Graves et al.
2006; Kürzinger et al. 2020): the Viterbi algorithm over frames, a window of letters at a time so
that hours fit into memory. Any model whose letters the text is written in will do, whoever wrote
the text.
"""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unispeech import languages
from unispeech.ctc.words import FLOOR
from unispeech.errors import AudioError
from unispeech.types import Emissions, Floats, Segment, Word

Span = tuple[int, int]
"""The first frame of something and the one after its last."""
WINDOW = 2048
"""States kept at a time, two for a letter: exact for texts of less than 1,000 letters, and for
longer ones as long as the likeliest place is not wrong by about half a minute of speech."""
IMPOSSIBLE = -1e30
ANY = -1
"""The token of a sound that is not spelled in the model's letters: a number, another script."""
SILENCE = -2
"""The token of what is before and after the text: nothing, or the space of a word not in it."""
RELUCTANCE = 0.5
"""Log probability that a frame of `ANY` costs, so that silence is not taken for a part of it."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter of the text that the model can hear, or `ANY` for some that it cannot spell."""

    word: int
    text: str
    token: int


def align(emissions: Emissions, text: str, dense: bool = False) -> tuple[Word, ...]:
    """The words of a text with their times, in the order of the text.

    Times are seconds on the clock of `emissions`. A word is what stands between spaces, each
    letter where words have none (`dense`). Upper and lower case, accents and punctuation are
    matched to the letters the model has. Of digits and letters it does not have (`1984`, `3 %`,
    another script) any sound between their neighbours is taken to be theirs; a word that is not
    said (a dash) has the time between its neighbours. `probability` is how sure the model was of
    the letters it has, 0 for a word without any.

    Raises:
        AudioError: there is less sound than the text has letters.
    """
    words = list("".join(text.split())) if dense else text.split()
    letters = spell(words, emissions, dense)
    spans = _spans(letters, emissions) if letters else iter(())
    of_word: list[list[tuple[Letter, Span]]] = [[] for _ in words]
    for letter, span in zip(letters, spans, strict=True):
        if letter.word >= 0:
            of_word[letter.word].append((letter, span))
    places = _places(of_word, len(emissions.scores))
    return tuple(
        _word(emissions, f"{'' if dense else ' '}{word}", place, mine)
        for word, place, mine in zip(words, places, of_word, strict=True)
    )


def lines(emissions: Emissions, text: str, language: str | None = None) -> tuple[Segment, ...]:
    """A segment for each line of a text that has any words, from its first word to its last.

    Raises as `align`.
    """
    dense = languages.is_spaceless(language)
    waiting = list(align(emissions, text, dense))
    segments: list[Segment] = []
    for line in text.splitlines():
        count = len("".join(line.split())) if dense else len(line.split())
        words, waiting = tuple(waiting[:count]), waiting[count:]
        if words:
            said = "".join(word.word for word in words)
            start, end = words[0].start, words[-1].end
            segments.append(Segment(len(segments), start, end, said, words, language=language))
    return tuple(segments)


def spell(words: Sequence[str], emissions: Emissions, dense: bool = False) -> list[Letter]:
    """The words in the model's letters; between two a space, where they have any (not `dense`)."""
    tokens = {text: number for number, text in enumerate(emissions.tokens) if text}
    spelled: list[Letter] = []
    for number, word in enumerate(words):
        letters = list(_letters(number, word, tokens))
        if letters and spelled and " " in tokens and not dense:
            spelled.append(Letter(-1, " ", tokens[" "]))
        spelled += letters
    return spelled


def _letters(number: int, word: str, tokens: Mapping[str, int]) -> Iterator[Letter]:
    """A word's letters; what is said of the rest as one `ANY` in each place."""
    for unknown, characters in itertools.groupby(word, lambda one: not _known(one, tokens)):
        part = "".join(characters)
        if not unknown:
            yield from (Letter(number, c, tokens[t]) for c in part for t in _known(c, tokens))
        elif any(map(_is_said, part)):
            yield Letter(number, part, ANY)


def _is_said(character: str) -> bool:
    """Digits, letters, `%` and `€` have a sound; commas, accents and dashes have none."""
    return character in "%‰&@#" or unicodedata.category(character)[0] in "LNS"


def _known(character: str, tokens: Mapping[str, int]) -> str:
    """The letter as the model has it: itself, or in the other case, or without its accents."""
    bare = unicodedata.normalize("NFKD", character)
    for form in (character, character.lower(), character.upper(), bare, bare.lower(), bare.upper()):
        kept = "".join(letter for letter in form if letter in tokens and letter != " ")
        if kept:
            return kept
    return ""


def _spans(letters: Sequence[Letter], emissions: Emissions) -> Iterator[Span]:
    """The frames of each letter. Several `ANY` in a row are one sound, and share it evenly."""
    units = [
        number
        for number, letter in enumerate(letters)
        if letter.token != ANY or not number or letters[number - 1].token != ANY
    ]
    tokens = [letters[unit].token for unit in units]
    found = path(_columns(emissions), tokens, emissions.blank, SILENCE)
    for span, unit, following in zip(found, units, [*units[1:], len(letters)], strict=True):
        if letters[unit].token == ANY:
            span = _sounding(emissions, *span)
        edges = np.linspace(*span, following - unit + 1).round().astype(int).tolist()
        yield from itertools.pairwise(edges)


def _columns(emissions: Emissions) -> Floats:
    """The scores, and those of `SILENCE` and of `ANY`, almost as good as the likeliest token."""
    scores = emissions.scores
    silent = [emissions.blank, *(i for i, text in enumerate(emissions.tokens) if text == " ")]
    silence = scores[:, silent].max(axis=1, keepdims=True)
    anything = scores.max(axis=1, keepdims=True) - np.float32(RELUCTANCE)
    return np.concatenate([scores, silence, anything], axis=1)


def _sounding(emissions: Emissions, first: int, end: int) -> Span:
    """The frames from the first to the last in which a letter is heard; all, if there is none."""
    letters = [number for number, text in enumerate(emissions.tokens) if text.strip()]
    heard = np.flatnonzero(np.isin(emissions.scores[first:end].argmax(axis=1), letters))
    return (first + int(heard[0]), first + int(heard[-1]) + 1) if len(heard) else (first, end)


def _places(of_word: Sequence[Sequence[tuple[Letter, Span]]], frames: int) -> list[Span]:
    """The frames of each word; words without a sound share what is between their neighbours."""
    places: list[Span] = []
    for said, group in itertools.groupby(of_word, bool):
        words = list(group)
        if said:
            places += [(word[0][1][0], word[-1][1][1]) for word in words]
            continue
        begin = places[-1][1] if places else 0
        following = of_word[len(places) + len(words) :]
        end = following[0][0][1][0] if following else frames
        places += itertools.pairwise(np.linspace(begin, end, len(words) + 1).astype(int).tolist())
    return places


def path(
    scores: Floats,
    tokens: Sequence[int],
    blank: int,
    around: int | None = None,
    window: int = WINDOW,
) -> list[Span]:
    """The first frame of each token and the one after its last, on the likeliest path.

    `scores` has shape (frames, columns); `tokens` are columns, of which -1 is the last. Between two
    there may be the blank, before the first and after the last `around` (the blank if not given).

    Raises:
        AudioError: there are fewer frames than tokens, counting a blank between two equal ones.
    """
    repeats = sum(a == b for a, b in zip(tokens, tokens[1:], strict=False))
    if len(scores) < len(tokens) + repeats:
        raise AudioError(
            f"the text has {len(tokens)} letters, too many for the sound", "is it the right text?"
        )
    labels = np.full(2 * len(tokens) + 1, blank)
    labels[1::2] = np.asarray(tokens) % scores.shape[1]
    if around is not None:
        labels[[0, -1]] = around % scores.shape[1]
    can_skip = np.zeros(len(labels), np.bool_)
    can_skip[3::2] = labels[3::2] != labels[1:-2:2]
    states = _best_states(scores, labels, can_skip, window)
    edges = np.searchsorted(states, np.arange(1, len(labels))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _best_states(
    scores: Floats,
    labels: npt.NDArray[np.int_],
    can_skip: npt.NDArray[np.bool_],
    window: int,
) -> npt.NDArray[np.int_]:
    """The state of each frame: rises by 0, 1 or 2 a frame, from the first two to the last two."""
    frames, width = len(scores), min(window, len(labels))
    steps = np.zeros((frames, width), np.uint8)
    lows = np.zeros(frames, np.int64)
    best = np.full(width, IMPOSSIBLE)
    best[:2] = scores[0, labels[:2]]
    outside = np.full(width, IMPOSSIBLE)
    low = 0
    for frame in range(1, frames):
        shift = _shift(best, low, len(labels), frames - frame)
        low += shift
        lows[frame] = low
        # the states of the new window, and two below it
        before = np.concatenate([outside[:2], best, outside])[shift : shift + width + 2]
        ways = np.stack(
            [
                before[2:],
                before[1:-1],
                np.where(can_skip[low : low + width], before[:-2], IMPOSSIBLE),
            ]
        )
        steps[frame] = ways.argmax(axis=0)
        best = ways.max(axis=0) + scores[frame, labels[low : low + width]]
    state = len(labels) - 1
    last = best[len(labels) - 2 - low : len(labels) - low]
    if len(last) < 2 or last.max() <= IMPOSSIBLE / 2:
        raise AudioError("the text does not fit the sound", "is it the right text?")
    state -= int(last[0] > last[1])
    states = np.zeros(frames, np.int64)
    for frame in range(frames - 1, -1, -1):
        states[frame] = state
        state -= int(steps[frame, state - lows[frame]])
    return states


def _shift(best: npt.NDArray[np.float64], low: int, count: int, left: int) -> int:
    """How far to move the window so that the likeliest state is in its middle.

    Never past a state from which the end could still be reached in the frames that are left.
    """
    width = len(best)
    middle = int(best.argmax()) - width // 2
    needed = count - width - low - 2 * left  # so that the end is in the window when it is reached
    return max(0, min(max(middle, needed), count - width - low))


def _word(
    emissions: Emissions, text: str, place: Span, letters: Sequence[tuple[Letter, Span]]
) -> Word:
    heard = [
        Word(
            emissions.time(first),
            emissions.time(end),
            letter.text,
            math.exp(max(float(emissions.scores[first:end, letter.token].max()), FLOOR)),
        )
        for letter, (first, end) in letters
        if letter.token != ANY
    ]
    sure = sum(math.log(one.probability) for one in heard) / len(heard) if heard else -math.inf
    return Word(
        start=emissions.time(place[0]),
        end=emissions.time(place[1]),
        word=text,
        probability=math.exp(sure),
        characters=tuple(heard),
    )

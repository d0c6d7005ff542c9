"""Substitutions in the text of a segment and in its words, which keep their times."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from unispeech.text.timing import ESTIMATED, interpolated, respelled
from unispeech.types import Segment, Word

_WORD = re.compile(r"\s*\S+")


@dataclass(frozen=True, slots=True)
class Substitution:
    """`text` in place of the characters from `start` to `end`. Those of a list never overlap."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by its name in the record, and the substitutions that it makes in a text, in order."""

    name: str
    find: Callable[[str], Sequence[Substitution]]


@dataclass(frozen=True, slots=True)
class _Group:
    """The words from `first` to before `last`, and the substitutions that change them."""

    first: int
    last: int
    found: tuple[Substitution, ...]


def substitute(segment: Segment, found: Sequence[Substitution]) -> Segment:
    """Change the text of a segment, and those of its words that the substitutions touch.

    New words take the times of the words that they replace, one by one if the number is the same;
    otherwise they share the time of all of them. Words without text are removed. All other words,
    and the times of the segment, stay.
    """
    text = spliced(segment.text, 0, len(segment.text), found)
    if not segment.words:
        return replace(segment, text=text)
    places = _places(segment.text, segment.words)
    if places is None:
        words = respelled(text, segment.words, segment.start, segment.end)
        return replace(segment, text=text, words=words)
    return replace(segment, text=text, words=tuple(_words(segment, places, found)))


def spliced(text: str, start: int, end: int, found: Sequence[Substitution]) -> str:
    """The text from `start` to `end` after the substitutions, which lie in between."""
    parts: list[str] = []
    for change in found:
        parts += [text[start : change.start], change.text]
        start = change.end
    return "".join([*parts, text[start:end]])


def _places(text: str, words: Sequence[Word]) -> list[tuple[int, int]] | None:
    """The start and end of each word in the text; None if the words are not those of the text."""
    places: list[tuple[int, int]] = []
    position = 0
    for word in words:
        spelling = word.word.strip()
        start = text.find(spelling, position)
        if start < 0:
            return None
        position = start + len(spelling)
        places.append((start, position))
    return places


def _words(
    segment: Segment, places: Sequence[tuple[int, int]], found: Sequence[Substitution]
) -> list[Word]:
    """The words of a segment after the substitutions."""
    words = segment.words
    is_spaced = any(word.word[:1].isspace() for word in words)
    changed: list[Word] = []
    done = position = 0
    space = ""  # at the end of the last substitution

    def pass_to(number: int) -> None:
        nonlocal position, space
        for word, (start, end) in zip(words[done:number], places[done:number], strict=True):
            changed.append(_moved(word, space + segment.text[position:start], space))
            position, space = end, ""

    for group in _groups(places, found):
        pass_to(group.first)
        start = min(position, group.found[0].start)
        done, position = group.last, max(places[group.last - 1][1], group.found[-1].end)
        text = space + spliced(segment.text, start, position, group.found)
        space = text[len(text.rstrip()) :]
        changed += _renewed(words[group.first : group.last], _WORD.findall(text), is_spaced)
    pass_to(len(words))
    return changed


def _moved(word: Word, before: str, added: str) -> Word:
    """An unchanged word, with the leading space that a substitution added to it or took from it."""
    has_space = word.word[:1].isspace()
    if has_space and not before:
        return replace(word, word=word.word.lstrip())
    return replace(word, word=added + word.word) if added and not has_space else word


def _groups(places: Sequence[tuple[int, int]], found: Sequence[Substitution]) -> list[_Group]:
    """The substitutions with the words that they touch; those that share a word share a group."""
    groups: list[_Group] = []
    for change in found:
        least = change.start + (change.end > change.start)  # an insertion belongs to its left
        first = next((n for n, (_, end) in enumerate(places) if end >= least), len(places) - 1)
        last = first + 1
        while last < len(places) and places[last][0] < change.end:
            last += 1
        if groups and first < groups[-1].last:
            before = groups.pop()
            groups.append(_Group(before.first, max(last, before.last), (*before.found, change)))
        else:
            groups.append(_Group(first, last, (change,)))
    return groups


def _renewed(words: Sequence[Word], texts: Sequence[str], is_spaced: bool) -> list[Word]:
    """New words in place of others."""
    if not texts:
        return []
    if len(texts) == len(words):
        return [_respelled(w, text, is_spaced) for w, text in zip(words, texts, strict=True)]
    start, end = words[0].start, max(words[0].start, words[-1].end)
    if len(texts) == 1:
        pieces: Sequence[Word] = [Word(start, end, texts[0], 1.0)]
    else:
        pieces = interpolated("".join(texts), start, end)
    return [
        replace(
            _respelled(piece, piece.word, is_spaced or len(words) == 1),
            probability=min(word.probability for word in words),
            speaker=words[0].speaker,
            timed_by=words[0].timed_by if len(pieces) == 1 else ESTIMATED,
        )
        for piece in pieces
    ]


def _respelled(word: Word, text: str, is_spaced: bool) -> Word:
    """A word with another spelling, with a leading space if the words of its segment have it."""
    spelling = text if is_spaced else text.strip()
    if spelling.strip() == word.word.strip() and spelling[:1].isspace() == word.word[:1].isspace():
        return word
    return replace(word, word=spelling, characters=())

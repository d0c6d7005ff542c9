"""Make the letter-to-sound tables of `unispeech.aligners`, and measure them.

    python benchmarks/letter_sounds.py [--languages en,fr] [--output src/unispeech/aligners]

Reads the pronunciation dictionaries of SoundSwallower (CMUdict for English, LIUM's for French),
aligns letters with phones by Viterbi training, and learns for each letter the phones that are
most frequent in its context, in contexts of growing width. A rule is kept only if it corrects at
least `LEAST` words of the dictionary more than the rule for the narrower context. Prints, for words
that were held out, the share of words that are right and of phones that are wrong; the tables
themselves are made from all words.
"""

from __future__ import annotations

import argparse
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from rapidfuzz.distance import Levenshtein

from unispeech.aligners.letters import CONTEXTS, Rules, contexts, pronounce
from unispeech.aligners.lexicon import read

Phones = tuple[str, ...]
Spelled = tuple[str, list[Phones]]
"""A word and the phones of each of its letters."""
LEAST = 2
ROUNDS = 4
HELD_OUT = 20
"""One word in so many is held out for the measurement."""
WORD = re.compile(r"[^\W\d_][^\W\d_'’-]*")


def spelled(words: Sequence[tuple[str, Phones]]) -> list[Spelled]:
    """Align the letters of each word with its phones, none to two for a letter."""
    costs: dict[tuple[str, Phones], float] = {}
    result: list[Spelled] = []
    for _ in range(ROUNDS):
        result = [pair for word, phones in words if (pair := _split(word, phones, costs))]
        pairs = Counter(pair for word, parts in result for pair in zip(word, parts, strict=True))
        letters = Counter[str]()
        for (letter, _), count in pairs.items():
            letters[letter] += count
        costs = {pair: -math.log(count / letters[pair[0]]) for pair, count in pairs.items()}
    return result


def _split(word: str, phones: Phones, costs: dict[tuple[str, Phones], float]) -> Spelled | None:
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
    for letter in word:
        following: dict[int, tuple[float, tuple[int, ...]]] = {}
        for at, (cost, path) in best.items():
            for count in range(min(2, len(phones) - at) + 1):
                part = phones[at : at + count]
                default = 14.0 if costs else 1.0 + 0.5 * (count != 1)
                total = cost + costs.get((letter, part), default)
                if at + count not in following or total < following[at + count][0]:
                    following[at + count] = total, (*path, count)
        best = following
    if len(phones) not in best:
        return None
    parts, at = [], 0
    for count in best[len(phones)][1]:
        parts.append(phones[at : at + count])
        at += count
    return word, parts


def learn(words: Iterable[Spelled]) -> Rules:
    """The rules, from narrow contexts to wide ones."""
    seen: list[dict[str, Counter[Phones]]] = [defaultdict(Counter) for _ in CONTEXTS]
    for word, parts in words:
        for at, phones in enumerate(parts):
            for counts, context in zip(seen, contexts(word, at), strict=True):
                counts[context][phones] += 1
    rules: Rules = {}
    for width, table in enumerate(seen):
        for context, frequencies in table.items():
            previous = _narrower(context, width, rules)
            best, count = frequencies.most_common(1)[0]
            if best != previous and (not width or count - frequencies[previous] >= LEAST):
                rules[context] = best
    return rules


def _narrower(context: str, width: int, rules: Rules) -> Phones:
    at = CONTEXTS[width][0]
    for left, right in reversed(CONTEXTS[:width]):
        narrower = context[at - left : at] + "_" + context[at + 1 : at + 2 + right]
        if narrower in rules:
            return rules[narrower]
    return ()


def measure(rules: Rules, words: Sequence[Spelled]) -> str:
    right = wrong = count = 0
    for word, parts in words:
        expected = [phone for part in parts for phone in part]
        found = pronounce(word, rules)
        right += expected == list(found)
        wrong += Levenshtein.distance(expected, found)
        count += len(expected)
    right_words, wrong_phones = 100 * right / len(words), 100 * wrong / count
    return f"{right_words:.1f} % of words right, {wrong_phones:.1f} % of phones wrong"


def _is_held_out(word: str) -> bool:
    return int(sha256(word.encode()).hexdigest(), 16) % HELD_OUT == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--languages", default="en,fr")
    parser.add_argument("--output", type=Path)
    asked = parser.parse_args()
    for language in asked.languages.split(","):
        lexicon = [
            (word, tuple(first.split()))
            for word, (first, *_) in read(language).items()
            if WORD.fullmatch(word)
        ]
        words = spelled(lexicon)
        test = [pair for pair in words if _is_held_out(pair[0])]
        rules = learn(pair for pair in words if not _is_held_out(pair[0]))
        print(f"{language}: {len(words)} words, {len(rules)} rules, {measure(rules, test)}")
        if asked.output:
            rows = [f"{c}\t{' '.join(phones)}" for c, phones in sorted(learn(words).items())]
            path = asked.output / f"letters_{language}.tsv"
            path.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Simplified and traditional Chinese, by OpenCC."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import cache
from typing import Any

from unispeech.text.rules.substitution import Rule, Substitution

LANGUAGES = ("zh", "yue", "cmn")
SCRIPTS: Mapping[str, str] = {
    "simplified": "t2s", "traditional": "s2t", "taiwan": "s2tw", "hongkong": "s2hk",
}  # fmt: skip
"""OpenCC's conversion for each script."""


def converted(script: str) -> Rule:
    """A rule that writes Chinese in a script."""
    return Rule("chinese", lambda text: differences(text, _converter(script).convert(text)))


@cache
def _converter(script: str) -> Any:
    from opencc import OpenCC

    return OpenCC(SCRIPTS[script])


def differences(text: str, other: str) -> list[Substitution]:
    """The substitutions that turn a text into another one, character by character if possible."""
    if len(text) == len(other):
        pairs = enumerate(zip(text, other, strict=True))
        return [Substitution(n, n + 1, b) for n, (a, b) in pairs if a != b]
    matcher = SequenceMatcher(None, text, other, autojunk=False)
    return [
        Substitution(start, end, other[first:last])
        for tag, start, end, first, last in matcher.get_opcodes()
        if tag != "equal"
    ]

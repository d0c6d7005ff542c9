"""Replacements: names and house style, a rule per line."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import regex

from unispeech.errors import OptionError
from unispeech.text.rules.fillers import removal
from unispeech.text.rules.substitution import Rule, Substitution
from unispeech.text.timing import SIGNS

ARROW = "=>"
TIMEOUT = 5.0
"""Seconds for one regular expression on one segment; usual ones take microseconds."""
_MARKED = regex.compile(r"\s*((?:re|case)(?:[\s,]+(?:re|case))*):\s?(.*)", regex.DOTALL)
"""A rule with marks before it: a regular expression, or words whose case matters."""


def read(path: Path) -> str:
    """Read a file of rules in UTF-8, and check them.

    Raises:
        OptionError: the file cannot be read, has no rule, or a line is malformed.
    """
    if path == Path():
        raise _refused("names no file", "give the path of a file of rules")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise _refused(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise _refused(f"{path}: not UTF-8", "save the file as UTF-8") from None
    parse(text, f"{path}: ")
    return text


@lru_cache(maxsize=16)
def parse(text: str, place: str = "", timeout: float = TIMEOUT) -> tuple[Rule, ...]:
    """Parse rules. Empty lines and those that begin with `#` are skipped.

    `place` begins errors. `timeout` is the limit in seconds for one regular expression on one
    segment.

    Raises:
        OptionError: there is no rule, or a line is malformed.
    """
    rules = [
        _rule(line, f"{place}line {number}", timeout)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not rules:
        raise _refused(f"{place}no rules", "write lines such as: colour => color")
    return tuple(rules)


def _refused(message: str, hint: str = "") -> OptionError:
    return OptionError(f"replacements {message}", hint, option="replacements")


def _rule(line: str, place: str, timeout: float) -> Rule:
    """Parse one line; `place` names it in errors."""
    marked = _MARKED.fullmatch(line)
    marks = regex.split(r"[\s,]+", marked[1]) if marked else []
    body = marked[2] if marked else line
    before, arrow, after = (part.strip() for part in body.rpartition(ARROW))
    if not arrow:
        hint = "write lines such as: colour => color"
        if Path(line.strip()).suffix:
            hint += "; the path of a file is a pathlib.Path"
        raise _refused(f"{place}: no {ARROW!r} in {line.strip()[:40]!r}", hint)
    if not before:
        raise _refused(f"{place}: no text before {ARROW!r}")
    if "re" in marks:
        return _expression(before, after, place, timeout)
    if ARROW in before:
        raise _refused(f"{place}: {ARROW!r} occurs twice", "write 're: ' and escape the first")
    return _words(before, after, is_exact="case" in marks)


def _expression(before: str, after: str, place: str, timeout: float) -> Rule:
    """A rule by regular expression, in which `\\1` is the first group."""
    try:
        pattern = regex.compile(before)
    except regex.error as error:
        raise _refused(f"{place}: no regular expression ({error})") from None
    _check_groups(pattern, after, place)

    def find(text: str) -> list[Substitution]:
        try:
            return [
                Substitution(match.start(), match.end(), match.expand(after))
                for match in pattern.finditer(text, timeout=timeout, concurrent=True)
            ]
        except TimeoutError:
            raise _refused(
                f"{place}: took more than {timeout:g} s on a segment",
                "avoid repetitions inside repetitions, such as (a+)+",
            ) from None

    return Rule("replacements", find)


def _check_groups(pattern: Any, after: str, place: str) -> None:
    """Expand the replacement with a match of the same groups, all of them empty."""
    names = {number: name for name, number in pattern.groupindex.items()}
    numbers = range(1, pattern.groups + 1)
    groups = "".join(f"(?P<{names[n]}>)" if n in names else "()" for n in numbers)
    try:
        regex.match(groups, "").expand(after)
    except (IndexError, regex.error) as error:
        raise _refused(f"{place}: no replacement ({error})", "write \\1 for group 1") from None


def _words(before: str, after: str, is_exact: bool) -> Rule:
    """A rule for whole words, with any white space between them."""
    if not after:
        return removal("replacements", [before], is_exact)
    parts = r"\s+".join(map(regex.escape, before.split()))
    start = r"(?<!\w)" if _has_boundary(before[0]) else ""
    end = r"(?!\w)" if _has_boundary(before[-1]) else ""
    pattern = regex.compile(start + parts + end, 0 if is_exact else regex.IGNORECASE)

    def find(text: str) -> list[Substitution]:
        return [
            Substitution(match.start(), match.end(), _cased(match[0], before, after))
            for match in pattern.finditer(text)
        ]

    return Rule("replacements", find)


def _has_boundary(letter: str) -> bool:
    """True for a letter or digit of a script with spaces between words."""
    return bool(regex.match(r"\w", letter)) and not SIGNS.match(letter)


def _cased(match: str, before: str, after: str) -> str:
    """The replacement, with a capital where the text has it and the rule is in small letters."""
    begins_sentence = match[0].isupper() and before[0].islower() and after[0].islower()
    return after[0].upper() + after[1:] if begins_sentence else after

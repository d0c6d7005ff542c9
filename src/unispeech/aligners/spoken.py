"""The words that are spoken for a written word: numbers, currencies, abbreviations, acronyms.

Used for alignment only; the transcript keeps its spelling. A written word may have several
readings (`1984` is a year or a number), and the aligner takes the one that fits the sound.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator
from string import ascii_lowercase

CURRENCIES = {
    "en": {"$": "dollars", "£": "pounds", "€": "euros", "¥": "yen", "₹": "rupees"},
    "fr": {"$": "dollars", "£": "livres", "€": "euros", "¥": "yens", "₹": "roupies"},
}
SYMBOLS = {
    "en": {
        "%": "percent", "&": "and", "+": "plus", "=": "equals", "@": "at", "°": "degrees",
        "#": "number", "/": "slash",
    },
    "fr": {
        "%": "pour cent", "&": "et", "+": "plus", "=": "égale", "@": "arobase", "°": "degrés",
        "#": "dièse", "/": "sur",
    },
}  # fmt: skip
ABBREVIATIONS = {
    "en": {
        "mr": "mister", "mrs": "missus", "ms": "miz", "dr": "doctor", "prof": "professor",
        "st": "saint", "mt": "mount", "jr": "junior", "sr": "senior", "vs": "versus",
        "etc": "et cetera", "no": "number", "approx": "approximately", "dept": "department",
        "gov": "governor", "gen": "general", "capt": "captain", "sgt": "sergeant",
        "lt": "lieutenant", "rev": "reverend", "ft": "feet", "km": "kilometers", "kg": "kilograms",
        "cm": "centimeters", "mm": "millimeters", "mph": "miles per hour", "hz": "hertz",
    },
    "fr": {
        "m": "monsieur", "mm": "messieurs", "mme": "madame", "mmes": "mesdames",
        "mlle": "mademoiselle", "dr": "docteur", "pr": "professeur", "st": "saint",
        "ste": "sainte", "etc": "et cetera", "km": "kilomètres", "kg": "kilogrammes",
        "cm": "centimètres", "mm.": "millimètres", "av": "avenue", "bd": "boulevard",
    },
}  # fmt: skip
"""By the letters in lower case, without the period. The word itself is a reading too."""
POINT = {"en": "point", "fr": "virgule"}
LETTERS = {
    "en": {letter: f"{letter}." for letter in ascii_lowercase},
    "fr": {
        "b": "bé", "c": "cé", "d": "dé", "f": "effe", "g": "gé", "h": "ache", "j": "ji", "k": "ka",
        "l": "elle", "m": "emme", "n": "enne", "p": "pé", "q": "qu", "r": "erre", "s": "esse",
        "t": "té", "v": "vé", "w": "doublevé", "x": "ixe", "y": "igrec", "z": "zède",
    },
}  # fmt: skip
"""Names of letters as the dictionaries spell them (`b.` in CMUdict), or as they sound."""
MAX_READINGS = 6
MAX_DIGITS = 15

_PART = re.compile(r"\d[\d.,' \u202f]*\d|\d|[^\W\d_]+(?:['’][^\W\d_]+)*['’]?|[^\w\s]", re.UNICODE)
_ORDINAL = {"en": re.compile(r"(st|nd|rd|th)$"), "fr": re.compile(r"(er|ère|re|e|ème|nd|nde)$")}
_MONEY = re.compile(
    r"(?P<before>[$£€¥₹])?(?P<whole>\d{1,9})[.,](?P<cents>\d\d)(?P<after>[$£€¥₹])?\W*$"
)
_DECADE = re.compile(r"(\d{2,4})'?s")


def readings(word: str, language: str) -> list[str]:
    """The readings of a written word, likeliest first, each as words separated by spaces.

    Empty if nothing of it is spoken (a dash).
    """
    written = unicodedata.normalize("NFKC", word).replace("’", "'").strip()
    if abbreviation := ABBREVIATIONS[language].get(_bare(written)):
        both = [abbreviation, _bare(written)]
        return both if written.endswith(".") else both[::-1]
    whole = _ordinal(written, language) or _money(written, language) or _decade(written, language)
    if whole:
        return whole
    parts = [_part(part, language) for part in _parts(written, language)]
    choices = [part for part in parts if part]
    if not choices:
        return []
    found = [" ".join(choice) for choice in itertools.islice(itertools.product(*choices), 24)]
    return list(dict.fromkeys(found))[:MAX_READINGS]


def _bare(word: str) -> str:
    return word.strip(".,;:!?()[]\"'").lower()


def _parts(written: str, language: str) -> Iterator[str]:
    """Numbers, words and symbols in the order in which they are spoken: a currency at the end."""
    last = ""
    for match in _PART.finditer(written):
        part = match.group()
        if part in CURRENCIES[language] and not last:
            last = part
        else:
            yield part
            if last and part[0].isdigit():
                yield last
                last = ""
    if last:
        yield last


def _part(part: str, language: str) -> list[str]:
    if part[0].isdigit():
        return list(_number(part, language))
    if part in CURRENCIES[language]:
        return [CURRENCIES[language][part]]
    if part in SYMBOLS[language]:
        return [SYMBOLS[language][part]]
    if not any(map(str.isalpha, part)):
        return []
    lower = part.lower()
    if part.isupper() and 1 < len(part) <= 6:
        return [lower, spelled_out(lower, language)]
    return [lower]


def spelled_out(letters: str, language: str) -> str:
    """The names of the letters of an acronym."""
    return " ".join(LETTERS[language].get(letter, letter) for letter in letters)


def _ordinal(written: str, language: str) -> list[str]:
    bare = _bare(written)
    if not (match := _ORDINAL[language].search(bare)):
        return []
    digits = bare[: match.start()].replace(",", "")
    if not digits.isdecimal() or len(digits) > MAX_DIGITS:
        return []
    ordinal = _words(int(digits), language, "ordinal")
    return ["première" if ordinal == "premier" and match[1] in ("re", "ère") else ordinal]


def _money(written: str, language: str) -> list[str]:
    """`$5.50`, `5,50 €`: with the cents after the currency or without it."""
    if not (match := _MONEY.search(written)):
        return []
    sign = match["before"] or match["after"]
    whole, cents = (_words(int(match[name]), language) for name in ("whole", "cents"))
    currency = CURRENCIES[language].get(sign or "", "")
    if not currency:
        return []
    joint = "and" if language == "en" else "et"
    coins = "cents" if language == "en" else "centimes"
    return [
        f"{whole} {currency} {cents}",
        f"{whole} {currency} {joint} {cents} {coins}",
        f"{whole} {cents}",
    ]


def _decade(written: str, language: str) -> list[str]:
    """`1990s`, `90's`."""
    if language != "en" or not (match := _DECADE.fullmatch(_bare(written))):
        return []
    number = int(match[1])
    words = _words(number, language, "year" if number > 999 else "cardinal")
    return [f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"]


def _number(part: str, language: str) -> Iterator[str]:
    """The readings of a number: cardinal, year, pairs of digits, digit by digit."""
    decimal = "." if language == "en" else ","
    whole, _, fraction = part.rpartition(decimal) if part.count(decimal) == 1 else (part, "", "")
    whole_digits = re.sub(r"\D", "", whole)
    if fraction and language == "en" and not fraction.isdecimal():
        whole_digits, fraction = re.sub(r"\D", "", part), ""
    digits = re.sub(r"\D", "", part)
    single = " ".join(_words(int(digit), language) for digit in digits[:MAX_DIGITS])
    if len(whole_digits) > MAX_DIGITS or not whole_digits:
        yield single
        return
    number = _words(int(whole_digits), language)
    if fraction:
        decimals = " ".join(_words(int(digit), language) for digit in fraction[:MAX_DIGITS])
        yield f"{number} {POINT[language]} {decimals}"
        yield f"{number} {_words(int(fraction[:MAX_DIGITS]), language)}"
        return
    if len(whole_digits) == 4 and language == "en":
        yield _words(int(whole_digits), language, "year")
    yield number
    if " and " in number:
        yield number.replace(" and ", " ")
    if len(whole_digits) > 2:
        yield single


def _words(number: int, language: str, to: str = "cardinal") -> str:
    from num2words import num2words

    text: str = num2words(number, lang=language, to=to)
    return text.replace("-", " ").replace(",", "")

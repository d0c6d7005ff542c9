"""Languages by code and English name: Whisper's own, and those of ISO 639 and of MMS.

`WHISPER` is as in openai/whisper's tokenizer.py. `languages.tsv` beside this file has a row for
every language of Meta's MMS (Pratap et al. 2023) and of ISO 639-1: its code (ISO 639-3, with the
script or dialect where MMS has several), its ISO 639-1 code, its English name, and which MMS models
have it (a: mms-1b-all, f: mms-1b-fl102, l: mms-1b-l1107).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from unispeech import errors
from unispeech.errors import OptionError

WHISPER: dict[str, str] = {
    "af": "afrikaans", "am": "amharic", "ar": "arabic", "as": "assamese", "az": "azerbaijani",
    "ba": "bashkir", "be": "belarusian", "bg": "bulgarian", "bn": "bengali", "bo": "tibetan",
    "br": "breton", "bs": "bosnian", "ca": "catalan", "cs": "czech", "cy": "welsh",
    "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish", "fo": "faroese",
    "fr": "french", "gl": "galician", "gu": "gujarati", "ha": "hausa", "haw": "hawaiian",
    "he": "hebrew", "hi": "hindi", "hr": "croatian", "ht": "haitian creole", "hu": "hungarian",
    "hy": "armenian", "id": "indonesian", "is": "icelandic", "it": "italian", "ja": "japanese",
    "jw": "javanese", "ka": "georgian", "kk": "kazakh", "km": "khmer", "kn": "kannada",
    "ko": "korean", "la": "latin", "lb": "luxembourgish", "ln": "lingala", "lo": "lao",
    "lt": "lithuanian", "lv": "latvian", "mg": "malagasy", "mi": "maori", "mk": "macedonian",
    "ml": "malayalam", "mn": "mongolian", "mr": "marathi", "ms": "malay", "mt": "maltese",
    "my": "myanmar", "ne": "nepali", "nl": "dutch", "nn": "nynorsk", "no": "norwegian",
    "oc": "occitan", "pa": "punjabi", "pl": "polish", "ps": "pashto", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sa": "sanskrit", "sd": "sindhi", "si": "sinhala",
    "sk": "slovak", "sl": "slovenian", "sn": "shona", "so": "somali", "sq": "albanian",
    "sr": "serbian", "su": "sundanese", "sv": "swedish", "sw": "swahili", "ta": "tamil",
    "te": "telugu", "tg": "tajik", "th": "thai", "tk": "turkmen", "tl": "tagalog",
    "tr": "turkish", "tt": "tatar", "uk": "ukrainian", "ur": "urdu", "uz": "uzbek",
    "vi": "vietnamese", "yi": "yiddish", "yo": "yoruba", "zh": "chinese", "yue": "cantonese",
}  # fmt: skip

ALIASES: dict[str, str] = {
    "burmese": "my", "valencian": "ca", "flemish": "nl", "haitian": "ht", "letzeburgesch": "lb",
    "pushto": "ps", "panjabi": "pa", "moldavian": "ro", "moldovan": "ro", "sinhalese": "si",
    "castilian": "es", "mandarin": "zh", "jv": "jw", "nb": "no", "iw": "he",
}  # fmt: skip
"""Other names people type; the long ones are Whisper's own (TO_LANGUAGE_CODE)."""

SPACELESS = frozenset({"zh", "ja", "th", "lo", "my", "yue", "km", "bo"})
"""Languages written without spaces between words, by ISO 639-1 code where they have one."""


@dataclass(frozen=True, slots=True)
class Language:
    """One row of the table."""

    code: str
    iso639_1: str
    name: str
    mms: str


@cache
def table() -> Mapping[str, Language]:
    """Every row of `languages.tsv` by its code."""
    text = files("unispeech").joinpath("languages.tsv").read_text(encoding="utf-8")
    rows = (Language(*line.split("\t")) for line in text.splitlines()[1:])
    return {row.code: row for row in rows}


def mms(model: str) -> dict[str, str]:
    """Code to English name of the languages of an MMS model: `a`, `f` or `l`, as in the table."""
    return {row.code: row.name for row in table().values() if model in row.mms}


@cache
def iso639_1(code: str) -> str:
    """The two-letter code of a language: `deu`, `de` and `azj-script_latin` have one, or empty."""
    base = code.partition("-")[0]
    row = table().get(code) or table().get(base)
    if row and row.iso639_1:
        return row.iso639_1
    variants = (row.iso639_1 for row in table().values() if row.code.startswith(base + "-"))
    return next((part for part in variants if part), base if len(base) == 2 else "")


def is_spaceless(code: str | None) -> bool:
    """True of a language written without spaces between words: its characters are counted.

    `code` is of any form: `zh`, `zh-TW`, `zho`, `cmn-script_simplified`; False without one.
    """
    base = (code or "").lower().replace("_", "-").partition("-")[0]
    return base in SPACELESS or iso639_1(base) in SPACELESS


def aliases(codes: Iterable[str]) -> dict[str, str]:
    """Other names for languages known by ISO 639-3: `sw`, `swahili` and `azj` for one that exists.

    Where a language is there in several scripts or dialects, its bare code means the one that has
    the two-letter code in the table, or none of them.
    """
    codes = list(codes)
    found = {"no": "nob"} if "nob" in codes else {}
    bases = [code.partition("-")[0] for code in codes]
    count = Counter(bases)
    for code, base in zip(codes, bases, strict=True):
        row = table().get(code)
        part1 = row.iso639_1 if row else ""
        names = [
            part1,
            WHISPER.get(part1, ""),
            table()[base].name.lower() if base in table() else "",
        ]
        if part1 or count[base] == 1:
            names.append(base)
        for name in names:
            if name:
                found.setdefault(name, code)
    return found


def name(code: str) -> str:
    """The English name of a code, or the code itself where nobody knows one."""
    row = table().get(code) or table().get(code.partition("-")[0])
    return WHISPER.get(code) or (row.name if row else code)


def code(
    language: str, known: Mapping[str, str] = WHISPER, aliases: Mapping[str, str] = ALIASES
) -> str:
    """As `find`.

    Raises:
        OptionError: nobody knows it, or it is several; the hint says what is near.
    """
    found = find(language, known, aliases)
    if found:
        return found
    several = variants(language, known)
    if several:
        raise OptionError(
            f"language {language!r}: there are several: {', '.join(several)}", "give one of them"
        )
    near = nearest(language, known, aliases)
    otherwise = "give a code such as 'fr' or a name such as 'french'"
    raise OptionError(f"unknown language {language!r}", errors.did_you_mean(near, otherwise))


def find(language: str, known: Mapping[str, str], aliases: Mapping[str, str]) -> str | None:
    """The code of a code or an English name, whatever its case; `de-CH` and `de_AT` are `de`."""
    wanted = language.strip().lower()
    names = {name.lower(): code for code, name in known.items()}
    for word in (wanted, wanted.replace("_", "-").split("-")[0]):
        part1 = iso639_1(word) or iso639_1(_named().get(word, ""))
        for meant in (word, names.get(word), aliases.get(word), part1, aliases.get(part1)):
            if meant and meant in known:
                return meant
    return None


def variants(language: str, known: Mapping[str, str]) -> list[str]:
    """The scripts or dialects of a language, by its bare code or name."""
    wanted = language.strip().lower()
    return [
        code
        for code, name in known.items()
        if code.startswith(f"{wanted}-") or name.lower().startswith(f"{wanted} (")
    ]


def nearest(language: str, known: Mapping[str, str], aliases: Iterable[str]) -> str:
    """The name, as it is written, or the code that is spelled most like it; empty if none is."""
    written = {name.lower(): name for name in known.values()}
    words = [*written, *aliases, *known]
    near = errors.nearest(language.strip().lower(), words)
    return written.get(near, near)


def exists(language: str) -> bool:
    """Whether it is the code or the name of a language at all, of any model."""
    wanted = language.strip().lower()
    names = (*table(), *_named(), *WHISPER, *WHISPER.values())
    return wanted in names or iso639_1(wanted) in WHISPER


@cache
def _named() -> dict[str, str]:
    return {row.name.lower(): row.code for row in table().values()}

"""Languages of Whisper, ISO 639-1, MMS and Omnilingual ASR, by code and English name.

`WHISPER` is the table of openai/whisper's tokenizer.py. `languages.tsv` beside this file has a row
for every language of Meta's MMS (Pratap et al. 2023), of its Omnilingual ASR (`lang_ids.py` of
facebookresearch/omnilingual-asr, 81f51e2) and of ISO 639-1: its code (ISO 639-3, with the script or
dialect if a model has several), its ISO 639-1 code, its English name, and the models that have it
(a: mms-1b-all, f: mms-1b-fl102, l: mms-1b-l1107, o: omnilingual).
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
"""Other names of Whisper's languages; the long ones are Whisper's own (TO_LANGUAGE_CODE)."""

SPACELESS = frozenset({"zh", "ja", "th", "lo", "my", "yue", "km", "bo", "cdo", "cpx"})
"""Languages written without spaces between words, by ISO 639-1 code if they have one."""


@dataclass(frozen=True, slots=True)
class Language:
    """A row of `languages.tsv`."""

    code: str
    iso639_1: str
    name: str
    models: str


@cache
def table() -> Mapping[str, Language]:
    """The rows of `languages.tsv` by code."""
    text = files("unispeech").joinpath("languages.tsv").read_text(encoding="utf-8")
    rows = (Language(*line.split("\t")) for line in text.splitlines()[1:])
    return {row.code: row for row in rows}


def known_by(model: str) -> dict[str, str]:
    """English names, by code, of the languages of a model (`a`, `f`, `l` or `o`, see above)."""
    return {row.code: row.name for row in table().values() if model in row.models}


@cache
def iso639_1(code: str) -> str:
    """The two-letter code of a language (`deu`, `de`, `azj-script_latin`), or empty."""
    base = code.partition("-")[0]
    row = table().get(code) or table().get(base)
    if row and row.iso639_1:
        return row.iso639_1
    variants = (row.iso639_1 for row in table().values() if row.code.startswith(base + "-"))
    return next((part for part in variants if part), base if len(base) == 2 else "")


def is_spaceless(code: str | None) -> bool:
    """True if a language is written without spaces between words.

    `code` has any form: `zh`, `zh-TW`, `zho`, `cmn-script_simplified`. False without a code.
    """
    base = (code or "").lower().replace("_", "-").partition("-")[0]
    return base in SPACELESS or iso639_1(base) in SPACELESS


def aliases(codes: Iterable[str]) -> dict[str, str]:
    """Other names of languages known by ISO 639-3 code, such as `sw` and `swahili` for `swh`.

    If several scripts or dialects of a language are among the codes, its bare code means the
    variant with a two-letter code in the table; if no variant has one, the bare code is ambiguous.
    """
    codes = list(codes)
    code_by_alias = {"no": "nob"} if "nob" in codes else {}
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
                code_by_alias.setdefault(name, code)
    return code_by_alias


def is_automatic(language: object) -> bool:
    """True for `auto`, by which clients of whisper.cpp and faster-whisper ask for detection."""
    return isinstance(language, str) and language.strip().lower() == "auto"


def name(code: str) -> str:
    """The English name of a language, or the code itself if the name is unknown."""
    row = table().get(code) or table().get(code.partition("-")[0])
    return WHISPER.get(code) or (row.name if row else code)


def code(
    language: str, known: Mapping[str, str] = WHISPER, aliases: Mapping[str, str] = ALIASES
) -> str:
    """The code of a language; see `find` for the accepted forms.

    Raises:
        OptionError: the language is unknown, or has several variants. The hint names the nearest.
    """
    match = find(language, known, aliases)
    if match:
        return match
    candidates = variants(language, known)
    if candidates:
        raise OptionError(
            f"language {language!r} is ambiguous: {', '.join(candidates)}", "use one of these codes"
        )
    near = nearest(language, known, aliases)
    otherwise = "use a code such as 'fr' or a name such as 'french'"
    raise OptionError(f"unknown language {language!r}", errors.did_you_mean(near, otherwise))


def find(language: str, known: Mapping[str, str], aliases: Mapping[str, str]) -> str | None:
    """The known code for a code or English name in any case (`de-CH` and `de_AT` are `de`)."""
    spelling = language.strip().lower()
    names = {name.lower(): code for code, name in known.items()}
    for form in (spelling, spelling.replace("_", "-").split("-")[0]):
        part1 = iso639_1(form) or iso639_1(_codes_by_name().get(form, ""))
        for candidate in (form, names.get(form), aliases.get(form), part1, aliases.get(part1)):
            if candidate and candidate in known:
                return candidate
    return None


def variants(language: str, known: Mapping[str, str]) -> list[str]:
    """The codes of the scripts or dialects of a language, given its bare code or name."""
    spelling = language.strip().lower()
    return [
        code
        for code, name in known.items()
        if code.startswith(f"{spelling}-") or name.lower().startswith(f"{spelling} (")
    ]


def nearest(language: str, known: Mapping[str, str], aliases: Iterable[str]) -> str:
    """The known name, alias or code closest in spelling; empty if none is close."""
    original = {name.lower(): name for name in known.values()}
    words = [*original, *aliases, *known]
    near = errors.nearest(language.strip().lower(), words)
    return original.get(near, near)


def exists(language: str) -> bool:
    """True for a code or name of any language, even if no model knows it."""
    spelling = language.strip().lower()
    names = (*table(), *_codes_by_name(), *WHISPER, *WHISPER.values())
    return spelling in names or iso639_1(spelling) in WHISPER


@cache
def _codes_by_name() -> dict[str, str]:
    return {row.name.lower(): row.code for row in table().values()}

"""The languages Whisper knows: code to English name, as in openai/whisper's tokenizer.py."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

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

WITHOUT_SPACES = frozenset({"zh", "ja", "th", "lo", "my", "yue", "km", "bo"})
"""Written without spaces between words: scored by characters, lines broken anywhere."""


def name(code: str) -> str:
    """The English name of a code, or the code itself where it is not one of Whisper's."""
    return WHISPER.get(code, code)


def code(
    language: str, known: Mapping[str, str] = WHISPER, aliases: Mapping[str, str] = ALIASES
) -> str:
    """The code of a code or an English name, whatever its case; `de-CH` and `de_AT` are `de`.

    Raises:
        OptionError: nobody knows it; the hint is the nearest name that exists.
    """
    wanted = language.strip().lower()
    names = {name: code for code, name in known.items()}
    for word in (wanted, wanted.replace("_", "-").split("-")[0]):
        if word in known:
            return word
        if word in names:
            return names[word]
        if aliases.get(word) in known:
            return aliases[word]
    raise OptionError(f"unknown language {language!r}", _suggestion(wanted, known, names, aliases))


def _suggestion(
    wanted: str, known: Iterable[str], names: Iterable[str], aliases: Iterable[str]
) -> str:
    near = difflib.get_close_matches(wanted, [*names, *aliases, *known], n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return "give a code such as 'fr' or a name such as 'french'"

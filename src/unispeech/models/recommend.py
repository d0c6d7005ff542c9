"""Recommended models for a language and a machine, with reasons.

The order of `ADVICE` is a judgement from the publishers' figures and the Open ASR Leaderboard, not
our measurement. `unispeech bench` measures on your machine and your recordings.
"""

from __future__ import annotations

from dataclasses import dataclass

from unispeech import languages
from unispeech.errors import OptionError
from unispeech.models import catalog
from unispeech.models.entry import Entry

WORKING_COPY = 2.0
"""Memory that a model needs, relative to its download: its weights, and work space as large."""
MANY_CORES = 8
"""Cores from which a model that is not `light` runs faster than real time."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A model of the catalog and what speaks for it; the best for its languages comes first."""

    name: str
    reason: str
    light: bool = True
    """True if it runs faster than real time on two cores."""
    live: bool = True
    """True if it is fast enough for live captions on two cores."""
    only: tuple[str, ...] = ()
    """The languages that it is recommended for; empty: all of its languages."""


ADVICE: tuple[Advice, ...] = (
    Advice("gigaam-v3-e2e-rnnt-int8", "made for Russian, with punctuation"),
    Advice("gigaam-v3-e2e-rnnt", "made for Russian, with punctuation", live=False),
    Advice(
        "gigaam-multilingual-ctc-int8", "made for Kazakh, Kyrgyz and Uzbek",
        only=("kk", "ky", "uz"),
    ),
    Advice(
        "sensevoice-small-int8", "made for Chinese, Cantonese, Japanese and Korean",
        only=("zh", "yue", "ja", "ko"),
    ),
    Advice("parakeet-tdt-0.6b-v2-int8", "made for English, with punctuation and word times"),
    Advice(
        "parakeet-tdt-0.6b-v2", "made for English, with punctuation and word times",
        light=False, live=False,
    ),
    Advice("parakeet-tdt-0.6b-v3-int8", "above Whisper on the leaderboard, and many times faster"),
    Advice(
        "parakeet-tdt-0.6b-v3", "above Whisper on the leaderboard, and many times faster",
        light=False, live=False,
    ),
    Advice(
        "canary-1b-v2-int8", "translates into English; needs the language", light=False, live=False
    ),
    Advice("large-v3-turbo", "many languages, word times, prompts", light=False, live=False),
    Advice("large-v3", "Whisper's most accurate, translates into English", light=False, live=False),
    Advice("small", "many languages, prompts, translates into English", light=False, live=False),
    Advice("base", "many languages, prompts, runs on small machines"),
    Advice("tiny", "the smallest of many languages"),
    Advice("moonshine-tiny-en-int8", "English with punctuation on small machines; no word times"),
    Advice(
        "omnilingual-ctc-1b-int8", "over 1,600 languages, without punctuation",
        light=False, live=False,
    ),
    Advice("omnilingual-ctc-300m-int8", "over 1,600 languages on small machines", live=False),
    Advice("mms-1b-all", "over a thousand languages, without punctuation", light=False, live=False),
    Advice("zipformer-streaming-en-int8", "decodes while you speak, in capitals"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A model, what speaks for it, and what against it on this machine (empty: nothing)."""

    entry: Entry
    reasons: tuple[str, ...]
    against: tuple[str, ...] = ()


def recommend(
    language: str = "",
    device: str = "cpu",
    memory: float | None = None,
    live: bool = False,
    cores: int = 2,
) -> list[Recommendation]:
    """Return the models that know a language: those without objection first, best first.

    `language` is a code or a name, empty for models of several languages. `memory` is in bytes,
    None if it does not matter.

    Raises:
        OptionError: no language has this name.
    """
    judged = [
        _judged(advice, entry, language, device, memory, live, cores)
        for advice in ADVICE
        if (entry := catalog.find(advice.name)) and _knows(advice, entry, language)
    ]
    if not judged:
        known = {row.code: row.name for row in languages.table().values()}
        code = languages.code(language, {**known, **languages.WHISPER})  # raises if it is no name
        raise OptionError(
            f"language {code!r}: no model of the catalog knows it",
            "see `unispeech languages`", option="language",
        )  # fmt: skip
    return sorted(judged, key=lambda advised: bool(advised.against))  # the order is kept


def accuracy_order() -> list[str]:
    """Return the names of the catalog, the most accurate model for its languages first.

    A model without advice comes after the last of its family that is no smaller.
    """
    order = [advice.name for advice in ADVICE]
    entries = {entry.name: entry for entry in catalog.ENTRIES}
    for entry in entries.values():
        if entry.name in order:
            continue
        larger = [
            place
            for place, name in enumerate(order)
            if entries[name].family == entry.family and entries[name].megabytes >= entry.megabytes
        ]
        order.insert(larger[-1] + 1 if larger else len(order), entry.name)
    return order


def made_for(name: str) -> tuple[str, ...]:
    """Return the languages that a model is recommended for, of those that it knows; empty: all."""
    return next((advice.only for advice in ADVICE if advice.name == name), ())


def _knows(advice: Advice, entry: Entry, language: str) -> bool:
    if not language:
        return entry.facts.multilingual and not advice.only
    try:
        code = entry.facts.language(language)
    except OptionError:
        return False
    return not advice.only or code in advice.only


def _judged(
    advice: Advice,
    entry: Entry,
    language: str,
    device: str,
    memory: float | None,
    live: bool,
    cores: int,
) -> Recommendation:
    on_gpu = device != "cpu"
    needed = WORKING_COPY * entry.megabytes * 1e6
    reasons = [advice.reason, _spoken(entry, language), f"needs about {needed / 1e9:.1f} GB"]
    against = []
    if memory is not None and needed > memory:
        against.append(f"needs about {needed / 1e9:.1f} GB of memory, more than {memory / 1e9:.2g}")
    if not on_gpu and not advice.light and cores < MANY_CORES:
        against.append(f"slow on {cores} {'core' if cores == 1 else 'cores'} without a GPU")
    if not on_gpu and live and not advice.live:
        against.append("too slow for live captions without a GPU")
    if on_gpu and entry.compute_types == ("int8",):
        has_other = catalog.find(entry.name.removesuffix("-int8"))
        against.append(
            "int8 is for CPUs: take the same model without -int8" if has_other else "is for CPUs"
        )
    if not entry.is_commercial:
        reasons.append(f"{entry.licence}: not for commercial use")
    return Recommendation(entry, tuple(reasons), tuple(against))


def _spoken(entry: Entry, language: str) -> str:
    count = len(entry.languages)
    if not language:
        return f"{count:,} languages"
    name = entry.languages[entry.facts.language(language)]
    name = name[:1].upper() + name[1:]
    return f"only {name}" if count == 1 else f"{name} is one of its {count:,} languages"

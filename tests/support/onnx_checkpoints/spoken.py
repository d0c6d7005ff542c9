"""Training speech for the small ONNX models: the words of the samples, in SVOX Pico's voices."""

import importlib
import random
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 16_000
SAMPLES = Path(__file__).parents[3] / "samples"
VOICES = {"en": ("en-US", "en-GB"), "de": ("de-DE",)}
TEXTS = {"en": ("english", "pause"), "de": ("german",)}

Samples = npt.NDArray[np.float32]
Spoken = tuple[str, Samples]
"""A text, and its sound at 16 kHz."""


def sentences(language: str) -> list[str]:
    """Return the sentences of a language's samples in lower case; German keeps its nouns."""
    texts = [(SAMPLES / f"{name}.txt").read_text(encoding="utf-8") for name in TEXTS[language]]
    return [s[:1].lower() + s[1:].strip() for t in texts for s in re.split(r"(?<=[.])\s", t) if s]


def tokens() -> list[str]:
    """Return the word pieces: up to three letters each, with a mark where a word begins."""
    found = {piece for language in TEXTS for s in sentences(language) for piece in pieces(s)}
    return sorted(found)


def pieces(text: str) -> list[str]:
    """Split a text into word pieces, as SentencePiece writes them."""
    found = []
    for word, mark in re.findall(r"(\w+)([,.]?)", text):
        letters = "\u2581" + word
        cut = [letters[i : i + 4 if i == 0 else i + 3] for i in (0, *range(4, len(letters), 3))]
        found += [*cut, *mark]
    return found


def corpus(draw: random.Random, language: str, count: int) -> list[Spoken]:
    """Synthesise one sentence or several, phrases, and words in random order."""
    whole = sentences(language)
    phrases = [phrase.strip(" .") for text in whole for phrase in text.split(",")]
    words = re.findall(r"\w+", " ".join(whole))
    made = []
    for number in range(count):
        if number % 3 == 0:  # spoken together, with the short pause of the voice between them
            first = draw.randrange(len(whole))
            text = " ".join(whole[first : first + draw.randint(1, 3)])
        elif number % 3 == 1:
            text = draw.choice(phrases) + draw.choice(("", "."))
        else:
            text = " ".join(draw.sample(words, draw.randint(2, 6))) + draw.choice(("", "."))
        voice = draw.choice(VOICES[language])
        made.append((text, speak(text, voice, draw.uniform(0.85, 0.98))))
    return made


def speak(text: str, voice: str, speed: float) -> Samples:
    """Synthesise a sentence (see `samples/make.py`, which uses the same package)."""
    nanotts = importlib.import_module("py_nanotts")
    pcm: bytes = nanotts.NanoTTS().speak(text, voice=voice, speed=speed, volume=0.5)
    samples: Samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)
    return samples


def rows(draw: random.Random, speech: list[Spoken], most: int, gap: float) -> Iterator[Spoken]:
    """Yield sentences in a row for ever, with pauses around them, noise, and a random gain."""
    while True:
        parts = draw.sample(speech, draw.randint(1, most))
        noise = np.random.default_rng(draw.getrandbits(32))
        sound: list[Samples] = [np.zeros(draw.randint(0, round(gap * RATE)), np.float32)]
        for _, samples in parts:
            sound += [samples, np.zeros(draw.randint(0, round(gap * RATE)), np.float32)]
        joined = np.concatenate(sound) * draw.uniform(0.5, 1.4)
        noisy = joined + noise.normal(0, 10 ** draw.uniform(-4, -3), len(joined))
        yield " ".join(text for text, _ in parts), noisy.astype(np.float32)


TRANSLATIONS = dict(
    zip(
        sentences("de"),
        (
            "good morning, and welcome to the garden.",
            "the birds sing in the trees.",
            "please take your time and follow the path down to the river.",
        ),
        strict=True,
    )
)
"""The German sentences in English."""

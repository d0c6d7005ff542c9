"""What the small checkpoint is trained on: sentences of a few words, as espeak-ng says them."""

import io
import json
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

RATE = 16_000
WORDS = {
    "eng": ["one", "two", "three", "four", "five", "seven"]
    + ["river", "garden", "bread", "water", "morning", "and"],
    "rus": ["один", "два", "три", "четыре", "пять", "семь"]
    + ["река", "сад", "хлеб", "вода", "утро", "и"],
}
VOICES = {"eng": "en-us", "rus": "ru"}

Samples = npt.NDArray[np.float32]
Spoken = tuple[str, Samples]


def sentence(draw: random.Random, language: str) -> str:
    return " ".join(draw.choices(WORDS[language], k=draw.randint(1, 4)))


def speak(text: str, voice: str, speed: int) -> Samples:
    """espeak-ng's speech at 16 kHz; the comma-less text is one phrase."""
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", text]
    wav = subprocess.run(command, check=True, capture_output=True).stdout
    samples, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
    at = np.arange(0, len(samples) - 1, rate / RATE)
    resampled: Samples = np.interp(at, np.arange(len(samples)), samples).astype(np.float32)
    return resampled


def corpus(
    draw: random.Random, language: str, count: int, unlike: Sequence[str] = ()
) -> list[Spoken]:
    """Sentences and their speech, none of them one of `unlike`."""
    made: list[Spoken] = []
    while len(made) < count:
        text = sentence(draw, language)
        if text not in unlike:
            made.append((text, speak(text, VOICES[language], draw.randint(160, 170))))
    return made


def quiet_room(text: str, samples: Samples) -> Spoken:
    """The sentence as a recording has it: 0.3 s before and after, and a little noise."""
    silence = np.zeros(round(0.3 * RATE), np.float32)
    joined = np.concatenate([silence, samples, silence])
    noise = np.random.default_rng(0).normal(0, 3e-4, len(joined))
    return text, (0.7 * joined + noise).astype(np.float32)


def row(draw: random.Random, sentences: Sequence[Spoken], gap: float) -> Spoken:
    """One after the other, each a little slower or quicker, with pauses and some noise."""
    most = round(gap * RATE)
    noise = np.random.default_rng(draw.getrandbits(32))
    pieces = []
    for _, part in sentences:
        at = np.arange(0, len(part) - 1, draw.uniform(0.94, 1.06))
        part = np.interp(at, np.arange(len(part)), part).astype(np.float32)
        pieces += [np.zeros(draw.randint(0, most), np.float32), part]
    joined = np.concatenate([*pieces, np.zeros(draw.randint(0, most), np.float32)])
    noisy = joined + noise.normal(0, 10 ** draw.uniform(-4, -2.5), len(joined))
    return " ".join(text for text, _ in sentences), noisy.astype(np.float32)


def save_clips(folder: Path, held: dict[str, list[Spoken]]) -> None:
    """The sentences that were held out, and what is said in them."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {}
    for language, clips in held.items():
        for number, (text, samples) in enumerate(clips):
            name = f"{language}-{number:02}.flac"
            soundfile.write(folder / name, samples, RATE)
            texts[name] = text
    write_json(folder / "texts.json", texts)


def write_json(path: Path, value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")

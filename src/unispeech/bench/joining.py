"""Short recordings made into a long one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from unispeech.audio.pcm import WavWriter
from unispeech.audio.recording import Recording
from unispeech.bench.accuracy import WordTime
from unispeech.bench.utterances import Utterance
from unispeech.types import SAMPLE_RATE

JOIN_PAUSE = 0.5
"""Seconds of silence between recordings that are joined."""


def join_each(utterances: Sequence[Utterance], seconds: float, folder: Path) -> list[Utterance]:
    """Each set as one recording in the folder; see `join`."""
    folder.mkdir(parents=True, exist_ok=True)
    joined: list[Utterance] = []
    for name, each in itertools.groupby(utterances, key=lambda u: u.set):
        path = folder / (f"joined-{name}.wav" if name else "joined.wav")
        joined.append(replace(join(list(each), seconds, path), set=name))
    return joined


def join(utterances: Sequence[Utterance], seconds: float, path: Path) -> Utterance:
    """One recording of them all, written to `path`, over and over until `seconds` are reached;
    with 0, of each one once.

    Raises:
        AudioError: one of them cannot be read.
    """
    languages = {u.language for u in utterances}
    texts: list[str | None] = []
    words: list[WordTime] = []
    at = 0.0
    with WavWriter(path) as file:
        while not texts or at < seconds:
            for utterance in utterances:
                if texts and 0 < seconds <= at:
                    break
                length = _append(file, utterance.audio)
                texts.append(utterance.text)
                words += [(w, s + at, e + at) for w, s, e in utterance.words]
                at += length + JOIN_PAUSE
    joined = None if None in texts else " ".join(t for t in texts if t)
    language = languages.pop() if len(languages) == 1 else None
    return Utterance(path.name, path, joined, language, round(at, 3), tuple(words))


def _append(file: WavWriter, audio: Path) -> float:
    count = 0
    for block in Recording(audio).blocks():
        file.write(block)
        count += len(block)
    file.writeframes(bytes(2 * round(JOIN_PAUSE * SAMPLE_RATE)))
    return count / SAMPLE_RATE

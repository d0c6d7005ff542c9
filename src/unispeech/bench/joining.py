"""Concatenation of short recordings into a long one."""

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
"""Seconds of silence between joined recordings."""


def join_each(utterances: Sequence[Utterance], seconds: float, folder: Path) -> list[Utterance]:
    """Join each dataset into one recording in the folder; see `join`."""
    folder.mkdir(parents=True, exist_ok=True)
    joined: list[Utterance] = []
    for name, group in itertools.groupby(utterances, key=lambda u: u.set):
        path = folder / (f"joined-{name}.wav" if name else "joined.wav")
        joined.append(replace(join(list(group), seconds, path), set=name))
    return joined


def join(utterances: Sequence[Utterance], seconds: float, path: Path) -> Utterance:
    """Write all recordings to `path`, repeated until `seconds` are reached; once if 0.

    Raises:
        AudioError: a recording cannot be read.
    """
    languages = {u.language for u in utterances}
    texts: list[str | None] = []
    words: list[WordTime] = []
    end = 0.0
    with WavWriter(path) as file:
        while not texts or end < seconds:
            for utterance in utterances:
                if texts and 0 < seconds <= end:
                    break
                length = _append(file, utterance.audio)
                texts.append(utterance.text)
                words += [(word, start + end, stop + end) for word, start, stop in utterance.words]
                end += length + JOIN_PAUSE
    joined = None if None in texts else " ".join(t for t in texts if t)
    language = languages.pop() if len(languages) == 1 else None
    return Utterance(path.name, path, joined, language, round(end, 3), tuple(words))


def _append(file: WavWriter, audio: Path) -> float:
    count = 0
    for block in Recording(audio).blocks():
        file.write(block)
        count += len(block)
    file.writeframes(bytes(2 * round(JOIN_PAUSE * SAMPLE_RATE)))
    return count / SAMPLE_RATE

"""A source as the engine reads it: the track and the channels in which somebody speaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from unispeech.audio.recording import Recording, Source
from unispeech.audio.tracks import Track
from unispeech.options import VadOptions
from unispeech.stages import vad
from unispeech.stages.channels import SpeechMix
from unispeech.types import FRAME, SAMPLE_RATE

LOOKED_AT = 30
"""Blocks of a track in which speech is looked for: five minutes."""
ENOUGH = 1.0
"""Seconds of speech that make a track one with speech."""


def recording(
    source: Source, sample_rate: int | None = None, name: str = "", keep: bool = False
) -> Recording:
    """Open a source. Of several audio tracks, the one that players choose is used if somebody
    speaks in it, else the first with speech; of several channels, those with clear speech."""

    def with_speech(tracks: Sequence[Track]) -> Track | None:
        if not isinstance(source, str | Path | bytes):
            return None  # an open file cannot be read twice
        by_default = sorted(tracks, key=lambda track: not track.default)
        return next((t for t in by_default if _has_speech(source, t.number)), None)

    return Recording(
        source, sample_rate, name=name, keep=keep, mix=SpeechMix(), pick_track=with_speech
    )


def _has_speech(source: Source, track: int) -> bool:
    seconds = 0.0
    for flags in _flags(source, track):
        seconds += flags * FRAME / SAMPLE_RATE
        if seconds >= ENOUGH:
            return True
    return False


def _flags(source: Source, track: int) -> Iterator[int]:
    """The frames of speech in each block at the beginning of a track."""
    blocks = islice(Recording(source, track=track).blocks(), LOOKED_AT)
    for _, flags in vad.detect(blocks, VadOptions()):
        yield int(flags.sum())

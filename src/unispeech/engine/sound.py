"""A source as the engine reads it: the track and the channels in which somebody speaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from unispeech.audio.recording import Mix, Recording, Source
from unispeech.audio.tracks import Track
from unispeech.errors import AudioError
from unispeech.options import SoundOptions, TranscribeOptions, VadOptions
from unispeech.stages import vad
from unispeech.stages.channels import Channels, SpeechMix
from unispeech.types import FRAME, SAMPLE_RATE, Frames, Samples

LOOKED_AT = 30
"""Blocks of a track in which speech is looked for: five minutes."""
AUDIBLE = 0.001
"""Level (root mean square of a block, -60 dBFS) from which a recording has sound."""
ENOUGH = 1.0
"""Seconds of speech that make a track one with speech."""


@dataclass(frozen=True, slots=True)
class Input:
    """A source, or one of its lanes: a track or a channel that is transcribed by itself."""

    source: Source
    sample_rate: int | None = None
    track: str | None = None
    channel: int | None = None
    """Counted from 0."""
    speaker: str | None = None
    """Name of the lane."""
    language: str | None = None
    """Code of its language, which takes the place of that of the run."""
    name: str = ""
    """Its name in messages, if the source has none."""

    def options(self, run: TranscribeOptions) -> TranscribeOptions:
        """The options of a run for this input, whose language may be known."""
        if self.language is None:
            return run
        decode = replace(run.decode, language=self.language)
        return replace(run, decode=decode, language_per_chunk=False, language_id_model=None)


def opened(
    entry: Input, options: SoundOptions | None = None, keep: bool = False, name: str = ""
) -> Recording:
    """Open an input. Of several audio tracks, the one that players choose is used if somebody
    speaks in it, else the first with speech; of several channels, those with clear speech."""
    source = entry.source
    options = options or SoundOptions()
    wanted = None if options.audio_track == "all" else options.audio_track

    def with_speech(tracks: Sequence[Track]) -> Track | None:
        if not isinstance(source, str | Path | bytes):
            return None  # an open file cannot be read twice
        by_default = sorted(tracks, key=lambda track: not track.default)
        return next((t for t in by_default if _has_speech(source, t.number)), None)

    return Recording(
        source,
        entry.sample_rate,
        name=name or entry.name,
        keep=keep,
        track=entry.track or wanted,
        start=options.start,
        end=options.end,
        mix=_mix(entry.channel, options),
        pick_track=with_speech,
    )


def warn_if_speechless(recording: Recording, frames: Iterator[Frames]) -> Iterator[Frames]:
    """Pass frames on; if there was sound and none of it was speech, warn at the end."""
    loudest = 0.0
    has_speech = False
    for samples, flags in frames:
        has_speech = has_speech or bool(flags.any())
        loudest = max(loudest, float(np.sqrt(np.square(samples).mean())))
        yield samples, flags
    if not has_speech and loudest >= AUDIBLE:
        recording.warnings.append(
            f"{recording.name}: there is sound, but no speech was detected; "
            "try a lower vad_threshold, or vad=False"
        )


def _mix(channel: int | None, options: SoundOptions) -> Mix:
    if channel is None:
        return SpeechMix("best" if options.channels == "best" else "mix")

    def only(block: Channels) -> Samples:
        samples: Samples = block[min(channel + 1, len(block) - 1)]
        return samples

    return only


def _has_speech(source: Source, track: int) -> bool:
    seconds = 0.0
    with suppress(AudioError):  # an empty or damaged track has none
        for flags in _flags(source, track):
            seconds += flags * FRAME / SAMPLE_RATE
            if seconds >= ENOUGH:
                return True
    return False


def _flags(source: Source, track: int) -> Iterator[int]:
    """The frames of speech in each block at the beginning of a track."""
    blocks = islice(Recording(source, track=str(track)).blocks(), LOOKED_AT)
    for _, flags in vad.detect(blocks, VadOptions()):
        yield int(flags.sum())

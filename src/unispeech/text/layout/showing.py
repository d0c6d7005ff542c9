"""Times of cues: from the times of their words, to what a reader needs and a player can show."""

from __future__ import annotations

import math

from unispeech.text.layout.limits import Layout

SHORTEST = 0.04
"""Seconds that every cue of a timed layout lasts at least, or one frame if that is longer."""


def shown_start(start: float, layout: Layout) -> float:
    """The start of a cue: that of its speech, or the first frame after it."""
    if layout.fps is None:
        return start
    return round(math.ceil(start * layout.fps - 1e-3) / layout.fps, 6)


def shown_end(
    start: float,
    speech_end: float,
    length: int,
    following: float | None,
    layout: Layout,
    duration: float = math.inf,
) -> float:
    """The end of a cue.

    Args:
        start: The shown start, seconds.
        speech_end: End of its last word, seconds.
        length: Characters to read.
        following: The shown start of the next cue; None for the last cue.
        duration: That of the recording, which no cue outlasts.
    """
    end = max(speech_end + (layout.linger or 0.0), start + (layout.min_duration or 0.0))
    if layout.max_cps is not None:
        end = max(end, start + math.ceil(1000 * length / layout.max_cps) / 1000)
    latest = math.inf
    if layout.max_duration is not None:
        latest = max(start + layout.max_duration, speech_end)
        end = min(end, latest)
    end = max(min(_up(end, layout), duration), min(speech_end, latest), start)
    if following is not None:
        room = following - gap(layout)
        if layout.close_gap is not None and room - end < layout.close_gap and room <= latest:
            end = max(end, room)
        end = max(min(end, room), min(start + shortest(layout), following))
    return _down(end, layout)


def shortest(layout: Layout) -> float:
    """The shortest time between the starts of two cues, seconds."""
    return SHORTEST if layout.fps is None else max(SHORTEST, 1 / layout.fps)


def gap(layout: Layout) -> float:
    """The shortest gap before the next cue, a whole number of frames."""
    seconds = layout.min_gap or 0.0
    return seconds if layout.fps is None else round(seconds * layout.fps) / layout.fps


def _up(time: float, layout: Layout) -> float:
    return shown_start(time, layout)


def _down(time: float, layout: Layout) -> float:
    if layout.fps is None:
        return time
    return round(math.floor(time * layout.fps + 1e-3) / layout.fps, 6)

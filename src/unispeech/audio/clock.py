"""The container's clock: the time at which a player would show each decoded frame.

Samples are counted from the start of the file, so sound that starts late, and holes in it, are
filled with silence. The index of a sample is then its time, for segments, words and the waveform
alike.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av

HOLE = 0.1
"""Seconds by which a timestamp may run ahead of the samples before silence is filled in. Below it
lie rounded timestamps and the priming samples of encoders."""
RESET = 10.0
"""Seconds: a larger jump in a broadcast format is a new clock, not a hole. FFmpeg's own bound
(`-dts_delta_threshold`)."""
LONGEST_HOLE = 12 * 3600.0
"""Seconds: a larger jump is a new clock in any format, as damaged timestamps may claim years."""
_ABSOLUTE = ("mov", "matroska")
"""Demuxers of files that begin at time zero, whenever their first frame comes. In others (transport
streams, FLV, Ogg) the first frame of any track is the beginning."""
_BROADCAST = ("mpegts", "mpeg", "flv", "ogg", "asf", "rm")
"""Demuxers of formats whose clock may be reset in the middle of a file."""


class Clock:
    """The clock of one stream. Ask `silence_before` of every decoded frame, in order."""

    def __init__(self, container: av.container.InputContainer, stated: float | None = None) -> None:
        names = container.format.name.split(",")
        started = (container.start_time or 0) / 1e6
        self._origin = 0.0 if any(name in _ABSOLUTE for name in names) else started
        self._end = math.inf if stated is None else stated
        self._may_reset = any(name in _BROADCAST for name in names)
        self._position = 0.0
        self.holes: list[tuple[float, float]] = []
        """Start and length in seconds of what was filled with silence."""

    def silence_before(self, frame: av.AudioFrame) -> float:
        """Return the seconds of silence between the samples so far and this frame."""
        silence = self._jump(frame)
        if silence:
            self.holes.append((self._position, silence))
        self._position += silence + frame.samples / frame.sample_rate
        return silence

    def _jump(self, frame: av.AudioFrame) -> float:
        if frame.pts is None or frame.time_base is None:
            return 0.0
        ahead = float(frame.pts * frame.time_base) - self._origin - self._position
        if ahead < -RESET or self._is_reset(ahead):
            self._origin += ahead
            return 0.0
        return ahead if ahead > HOLE else 0.0

    def _is_reset(self, ahead: float) -> bool:
        beyond = ahead > LONGEST_HOLE or self._position + ahead > self._end + RESET
        return ahead > HOLE and (
            beyond or (self._may_reset and ahead > RESET and self._position > 0)
        )

"""Sources of PulseAudio, or of PipeWire in its place: microphones and the computer's output.

On Linux PortAudio records through ALSA, which has a single device for all of them. PulseAudio's
library reads from the environment which source that device records when a stream is opened.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass

DEVICE = "pulse"
"""PortAudio's name for the device of all sources."""
TIMEOUT = 5.0
"""Seconds that the sound server has to answer."""
LINE = re.compile(r"\d+\t(?P<name>\S+)\t.*?(?P<channels>\d+)ch (?P<rate>\d+)Hz")


@dataclass(frozen=True, slots=True)
class Source:
    """A source of the sound server. The names of monitors of an output end in `.monitor`."""

    name: str
    channels: int
    sample_rate: int


def sources() -> list[Source]:
    """List all sources; none without a sound server or without `pactl`."""
    command = shutil.which("pactl")
    if command is None:
        return []
    try:
        output = subprocess.run(
            [command, "list", "short", "sources"],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [
        Source(match["name"], int(match["channels"]), int(match["rate"]))
        for match in LINE.finditer(output)
    ]


def record_from(source: str) -> None:
    """Make the streams that this process opens from now on record this source."""
    os.environ["PULSE_SOURCE"] = source

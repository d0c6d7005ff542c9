"""What PulseAudio, or PipeWire in its place, can record from: microphones and what is played.

PortAudio goes through ALSA on Linux, where all of them are one device. Which of them that device
records is said in the environment, which PulseAudio's library looks at when a stream is opened.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass

DEVICE = "pulse"
"""What PortAudio calls all of them."""
PATIENCE = 5.0
"""Seconds for the sound server to answer."""
LINE = re.compile(r"\d+\t(?P<name>\S+)\t.*?(?P<channels>\d+)ch (?P<rate>\d+)Hz")


@dataclass(frozen=True, slots=True)
class Source:
    """Something the sound server records from. The name of what is played ends with `.monitor`."""

    name: str
    channels: int
    sample_rate: int


def sources() -> list[Source]:
    """All there are; none where there is no sound server, or no `pactl` to ask it."""
    command = shutil.which("pactl")
    if command is None:
        return []
    try:
        listed = subprocess.run(
            [command, "list", "short", "sources"],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [
        Source(found["name"], int(found["channels"]), int(found["rate"]))
        for found in LINE.finditer(listed)
    ]


def record_from(source: str) -> None:
    """Streams that this process opens from now on record this."""
    os.environ["PULSE_SOURCE"] = source

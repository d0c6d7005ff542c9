"""Sound of a sample for LiveKit's plugins, and the start of their scripts."""

from __future__ import annotations

import asyncio
import importlib.metadata
import sys
import wave
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from livekit import rtc

SAMPLES = Path(__file__).parents[3] / "samples"
RATE = 16_000


def report(*values: object) -> None:
    sys.stdout.write(" ".join(map(str, values)) + "\n")


def frames() -> list[Any]:
    """Return a sample, and two seconds of silence, in frames of 50 ms."""
    with wave.open(str(SAMPLES / "pause.wav")) as file:
        data = file.readframes(file.getnframes()) + bytes(2 * 2 * RATE)
    size = RATE // 20 * 2
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return [rtc.AudioFrame(piece, RATE, 1, len(piece) // 2) for piece in pieces]


async def push(stream: Any, interval: float) -> None:
    """Push the frames, with `interval` seconds between two."""
    for frame in frames():
        stream.push_frame(frame)
        await asyncio.sleep(interval)


def run(package: str, main: Callable[..., Coroutine[Any, Any, None]]) -> None:
    """Print the version of the client, and run it with the URL and the key of the command line."""
    report(package, importlib.metadata.version(package))
    asyncio.run(main(*sys.argv[1:]))

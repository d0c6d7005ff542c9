"""LiveKit's OpenAI plugin against a running server: realtime, with and without turn detection.

Run it by `python tests/e2e/clients/run.py openai_livekit`.
"""

# /// script
# dependencies = ["livekit-plugins-openai>=1.2"]
# ///

from __future__ import annotations

import asyncio
import importlib.metadata
import sys
import wave
from pathlib import Path
from typing import Any

from livekit import rtc
from livekit.agents import stt, utils
from livekit.plugins import openai

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


async def transcribe(recognizer: Any) -> list[str]:
    """Return the final texts up to the last sentence of the sample."""
    finals: list[str] = []
    async with recognizer.stream() as stream:

        async def push() -> None:
            for frame in frames():
                stream.push_frame(frame)
                await asyncio.sleep(0.03)
            stream.flush()

        pushing = asyncio.create_task(push())
        async for event in stream:
            if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT:
                finals.append(event.alternatives[0].text)
                if "table" in finals[-1]:
                    break
        await pushing
    return finals


async def main(url: str, key: str = "none") -> None:
    report("livekit-plugins-openai", importlib.metadata.version("livekit-plugins-openai"))
    async with utils.http_context.open():
        for model in ("gpt-4o-transcribe", "gpt-realtime-whisper"):
            recognizer = openai.STT(
                base_url=f"{url}/v1", api_key=key, model=model, language="en", use_realtime=True
            )
            finals = await asyncio.wait_for(transcribe(recognizer), 90)
            assert "door" in " ".join(finals), finals
            report("ok", model, finals)


asyncio.run(main(*sys.argv[1:]))

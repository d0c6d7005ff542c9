"""The OpenAI Agents SDK's streamed speech-to-text against a running server.

Run it by `python tests/e2e/clients/run.py openai_agents`.
"""

# /// script
# dependencies = ["openai-agents[voice]>=0.2"]
# ///

from __future__ import annotations

import asyncio
import importlib.metadata
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
from agents.voice import StreamedAudioInput, STTModelSettings
from agents.voice.models.openai_stt import OpenAISTTModel
from openai import AsyncOpenAI

SAMPLES = Path(__file__).parents[3] / "samples"


def sound(name: str) -> Any:
    """Return a sample at 24 kHz."""
    with wave.open(str(SAMPLES / f"{name}.wav")) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        at = np.arange(0, len(samples), file.getframerate() / 24_000)
    return np.interp(at, np.arange(len(samples)), samples).astype(np.int16)


def report(*values: object) -> None:
    sys.stdout.write(" ".join(map(str, values)) + "\n")


async def transcribe(url: str, key: str, model: str, settings: STTModelSettings) -> list[str]:
    audio = StreamedAudioInput()
    client = AsyncOpenAI(base_url=f"{url}/v1", api_key=key)
    session = await OpenAISTTModel(model, client).create_session(audio, settings, False, False)
    samples = sound("pause")
    for start in range(0, len(samples), 4_800):
        await audio.add_audio(samples[start : start + 4_800])
    await audio.add_audio(None)  # the SDK commits, then clears
    turns = [turn async for turn in session.transcribe_turns()]
    await session.close()
    return turns


async def main(url: str, key: str = "none") -> None:
    report("openai-agents", importlib.metadata.version("openai-agents"))
    cases: dict[str, dict[str, Any]] = {
        "defaults (semantic_vad)": {},
        "server_vad": {"turn_detection": {"type": "server_vad"}},
        "language, prompt": {"language": "en", "prompt": "A waiting room."},
    }
    for name, settings in cases.items():
        turns = await transcribe(url, key, "gpt-4o-transcribe", STTModelSettings(**settings))
        assert "door" in " ".join(turns), turns
        report("ok", name, turns)


asyncio.run(main(*sys.argv[1:]))

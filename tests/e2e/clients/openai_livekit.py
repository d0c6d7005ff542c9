"""LiveKit's OpenAI plugin against a running server: realtime, with and without turn detection.

Run it by `python tests/e2e/clients/run.py openai_livekit`.
"""

# /// script
# dependencies = ["livekit-plugins-openai>=1.2"]
# ///

from __future__ import annotations

import asyncio
from typing import Any

from livekit.agents import stt, utils
from livekit.plugins import openai
from livekit_audio import push, report, run


async def transcribe(recognizer: Any) -> list[str]:
    """Return the final texts up to the last sentence of the sample."""
    finals: list[str] = []
    async with recognizer.stream() as stream:

        async def speak() -> None:
            await push(stream, 0.03)
            stream.flush()

        pushing = asyncio.create_task(speak())
        async for event in stream:
            if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT:
                finals.append(event.alternatives[0].text)
                if "table" in finals[-1]:
                    break
        await pushing
    return finals


async def main(url: str, key: str = "none") -> None:
    async with utils.http_context.open():
        for model in ("gpt-4o-transcribe", "gpt-realtime-whisper"):
            recognizer = openai.STT(
                base_url=f"{url}/v1", api_key=key, model=model, language="en", use_realtime=True
            )
            finals = await asyncio.wait_for(transcribe(recognizer), 90)
            assert "door" in " ".join(finals), finals
            report("ok", model, finals)


run("livekit-plugins-openai", main)

"""LiveKit's Deepgram plugin against a running server: live, and a whole recording.

Run it by `python tests/e2e/clients/run.py deepgram_livekit`.
"""

# /// script
# dependencies = ["livekit-plugins-deepgram>=1.2"]
# ///

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from livekit.agents import stt
from livekit.plugins import deepgram
from livekit_audio import frames, push, report, run


async def live(recognizer: Any) -> list[Any]:
    stream = recognizer.stream()

    async def speak() -> None:
        await push(stream, 0.02)
        stream.end_input()

    pushing = asyncio.create_task(speak())
    events = [event async for event in stream]
    await pushing
    return events


async def main(url: str, key: str = "none") -> None:
    async with aiohttp.ClientSession() as session:
        recognizer = deepgram.STT(
            api_key=key,
            base_url=f"{url}/v1/listen",
            http_session=session,
            keyterm=["bread"],
            utterance_end_ms=1000,
        )
        events = await live(recognizer)
        kinds = [event.type for event in events]
        finals = [
            event.alternatives[0].text
            for event in events
            if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT
        ]
        assert "door" in " ".join(finals) and "table" in " ".join(finals), finals
        for kind in (
            stt.SpeechEventType.START_OF_SPEECH,
            stt.SpeechEventType.INTERIM_TRANSCRIPT,
            stt.SpeechEventType.END_OF_SPEECH,
        ):
            assert kind in kinds, kinds
        report("ok live", finals)
        recognizer = deepgram.STT(
            model="nova-2", api_key=key, base_url=f"{url}/v1/listen", http_session=session,
            keywords=[("door", 1.5)],
        )  # fmt: skip
        event = await recognizer.recognize(frames())
        assert "door" in event.alternatives[0].text, event
        report("ok recording", event.alternatives[0].text)


run("livekit-plugins-deepgram", main)

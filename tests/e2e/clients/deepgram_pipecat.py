"""Pipecat's Deepgram service in a pipeline against a running server.

Run it by `python tests/e2e/clients/run.py deepgram_pipecat`.
"""

# /// script
# dependencies = ["pipecat-ai[deepgram]>=1.0"]
# ///

from __future__ import annotations

import asyncio
import importlib.metadata
import sys
import wave
from pathlib import Path
from typing import Any

from pipecat.frames.frames import (
    EndFrame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.deepgram.stt import DeepgramSTTService

SAMPLES = Path(__file__).parents[3] / "samples"
RATE = 16_000


def report(*values: object) -> None:
    sys.stdout.write(" ".join(map(str, values)) + "\n")


class Collector(FrameProcessor):  # type: ignore[misc]
    """Last processor of the pipeline, which keeps the transcriptions."""

    def __init__(self) -> None:
        super().__init__()
        self.finals: list[str] = []
        self.interim = 0
        self.complete = asyncio.Event()

    async def process_frame(self, frame: Any, direction: Any) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            self.finals.append(frame.text)
            if "table" in frame.text:
                self.complete.set()
        elif isinstance(frame, InterimTranscriptionFrame):
            self.interim += 1
        await self.push_frame(frame, direction)


async def main(url: str, key: str = "none") -> None:
    report("pipecat-ai", importlib.metadata.version("pipecat-ai"))
    service = DeepgramSTTService(
        api_key=key,
        base_url=url,
        sample_rate=RATE,
        settings=DeepgramSTTService.Settings(model="nova-3-general", keyterm=["bread"]),
    )
    collector = Collector()
    task = PipelineTask(
        Pipeline([service, collector]), params=PipelineParams(audio_in_sample_rate=RATE)
    )
    running = asyncio.create_task(PipelineRunner(handle_sigint=False).run(task))
    with wave.open(str(SAMPLES / "pause.wav")) as file:
        data = file.readframes(file.getnframes()) + bytes(2 * 2 * RATE)
    size = RATE // 50 * 2
    for start in range(0, len(data), size):
        await task.queue_frame(InputAudioRawFrame(data[start : start + size], RATE, 1))
        await asyncio.sleep(0.01)
    await asyncio.wait_for(collector.complete.wait(), 60)
    await task.queue_frame(EndFrame())
    await running
    text = " ".join(collector.finals)
    assert "door" in text and "table" in text, text
    report("ok", collector.finals, "interim:", collector.interim)


asyncio.run(main(*sys.argv[1:]))

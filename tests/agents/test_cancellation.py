"""A cancelled MCP call ends after its current batch."""

from __future__ import annotations

import threading
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from support.samples import SAMPLES
from unispeech.agents.mcp_server import create
from unispeech.agents.roots import Roots
from unispeech.agents.toolbox import Answer, Toolbox
from unispeech.call import Call
from unispeech.server import settings

COPIES = 75
"""Of the sample of eight seconds: more than a batch."""


class Watched(Toolbox):
    """A toolbox that notes how its last call ended."""

    error: Exception | None = None

    def call(self, name: str, arguments: dict[str, Any], call: Call) -> Answer:
        try:
            return super().call(name, arguments, call)
        except Exception as error:
            self.error = error
            raise
        finally:
            self.ended.set()

    ended = threading.Event()


@pytest.fixture
def toolbox(tmp_path: Path) -> Iterator[Watched]:
    with wave.open(str(SAMPLES / "english.wav")) as sample:
        frames = sample.readframes(sample.getnframes())
        with wave.open(str(tmp_path / "long.wav"), "wb") as long:
            long.setparams(sample.getparams())
            long.writeframes(frames * COPIES)
    toolbox = Watched(Roots([tmp_path]), settings.read(), model="tiny.en")
    yield toolbox
    toolbox.close()


@pytest.mark.slow
def test_a_cancelled_call_stops_decoding(toolbox: Watched) -> None:
    async def use() -> None:
        async with Client(create(toolbox), mode="legacy") as client:
            with anyio.CancelScope() as scope:

                async def on_progress(
                    progress: float, total: float | None, message: str | None
                ) -> None:
                    scope.cancel()

                await client.call_tool(
                    "transcribe", {"source": "long.wav"}, progress_callback=on_progress
                )
            assert scope.cancelled_caught
            assert (await client.list_tools()).tools
            with anyio.fail_after(120):  # without cancellation the call ends without an error
                await anyio.to_thread.run_sync(toolbox.ended.wait)

    anyio.run(use)
    assert type(toolbox.error).__name__ == "Cancelled"
    assert toolbox.transcripts.list() == []

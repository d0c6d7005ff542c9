"""MediaRecorder of a real browser, whose microphone plays a clip, against the live interfaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.browsing import browser, microphone, needs_browser
from support.samples import SAMPLES, reference, words
from support.serving import Server

pytestmark = [pytest.mark.slow, pytest.mark.alone, *needs_browser]

LENGTH = 11_500
"""Milliseconds to record: the clip, and a second of silence."""
RECORD = """
async ([address, end, length]) => {
  const sound = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const media = await navigator.mediaDevices.getUserMedia({ audio: sound });
  const socket = new WebSocket(address);
  const messages = [];
  socket.onmessage = (message) => messages.push(JSON.parse(message.data));
  const closed = new Promise((resolve) => { socket.onclose = resolve; });
  await new Promise((resolve) => { socket.onopen = resolve; });
  const recorder = new MediaRecorder(media, { mimeType: "audio/webm;codecs=opus" });
  let pieces = 0;
  recorder.ondataavailable = (event) => { pieces += 1; socket.send(event.data); };
  recorder.onstop = () => socket.send(end);
  recorder.start(250);
  setTimeout(() => recorder.stop(), length);
  const { code } = await closed;
  return { messages, code, pieces };
}
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser(*microphone(SAMPLES / "english.wav")) as launched:
        yield launched


def native(messages: list[dict[str, Any]]) -> str:
    return " ".join(m["text"] for m in messages if m["type"] == "final")


def deepgram(messages: list[dict[str, Any]]) -> str:
    results = [m for m in messages if m["type"] == "Results" and m["is_final"]]
    return " ".join(m["channel"]["alternatives"][0]["transcript"] for m in results)


@pytest.mark.parametrize(
    ("path", "end", "text_of"),
    [
        ("/v1/stream", '{"type": "finish"}', native),
        ("/v1/listen?interim_results=true", '{"type": "CloseStream"}', deepgram),
    ],
)
def test_a_browsers_recorder_is_transcribed_while_it_records(
    chromium: Any, service: Server, path: str, end: str, text_of: Any
) -> None:
    context = chromium.new_context(permissions=["microphone"])
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{service.url}/docs")
    address = service.url.replace("http", "ws") + path
    result = page.evaluate(RECORD, [address, end, LENGTH])
    context.close()
    assert result["code"] == 1000, result["messages"][-1]
    assert result["pieces"] > 10, "the browser sends pieces while it records"
    heard, expected = words(text_of(result["messages"])), words(reference("english"))
    # A busy machine may drop sound of the fake microphone.
    assert len(set(expected) & set(heard)) >= 0.8 * len(set(expected)), heard

"""Subtitle Edit's requests and its reading of the answers: subtitle_edit.py [URL]

Subtitle Edit itself needs .NET. This repeats what its `OpenAiSttService` sends, in its order, for
its settings with and without streaming.
"""

from __future__ import annotations

import json
import sys

import httpx

from support.clients import served
from support.samples import SAMPLES, reference, words


def send(url: str, streams: bool) -> httpx.Response:
    fields = [("model", "whisper-1"), ("language", "en")]
    fields.append(("response_format", "json" if streams else "verbose_json"))
    if streams:
        fields.append(("stream", "true"))
    else:
        fields += [("timestamp_granularities[]", kind) for kind in ("segment", "word")]
    fields += [("temperature", "0.20"), ("prompt", "Names: Nikse.")]
    file = ("audio.wav", (SAMPLES / "english.wav").read_bytes(), "audio/wav")
    parts = [(name, (None, value)) for name, value in fields]
    path = f"{url}/v1/audio/transcriptions"
    return httpx.post(path, files=[*parts, ("file", file)], timeout=120).raise_for_status()


def events(text: str) -> list[tuple[str, dict[str, object]]]:
    """Read events as Subtitle Edit does: one without an `event:` line is dropped."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


def run(url: str) -> None:
    answer = send(url, streams=False).json()
    assert words(answer["text"]) == words(reference("english")), answer
    assert all({"id", "start", "end", "text"} <= set(segment) for segment in answer["segments"])
    assert all({"word", "start", "end"} <= set(word) for word in answer["words"])
    streamed = events(send(url, streams=True).text)
    text = "".join(str(data["delta"]) for kind, data in streamed if kind.endswith(".delta"))
    assert words(text) == words(reference("english")), streamed
    assert streamed[-1][0] == "transcript.text.done", streamed


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(sys.argv[1])
    else:
        with served() as server:
            run(server.url)
    print("Subtitle Edit's requests: passed")

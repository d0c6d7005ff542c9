"""OpenAI's realtime API through a real server with real weights, and with OpenAI's client."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, cast

import av
import numpy as np
import openai
import pytest
from websockets.sync.client import ClientConnection, connect

from support.samples import SAMPLES, reference, words
from support.serving import Server
from unispeech.audio.pcm import to_int16
from unispeech.audio.recording import load

TRANSCRIPTION = "conversation.item.input_audio_transcription"
MANUAL = {"turn_detection": None}
LOGPROBS = "item.input_audio_transcription.logprobs"


def pcm(sample: str, rate: int = 24_000) -> bytes:
    samples = load(SAMPLES / f"{sample}.wav")
    at = np.arange(0, len(samples), 16_000 / rate)
    return to_int16(np.interp(at, np.arange(len(samples)), samples).astype(np.float32)).tobytes()


@contextmanager
def session(
    service: Server, query: str = "?intent=transcription", **headers: str
) -> Iterator[ClientConnection]:
    url = f"{service.url.replace('http', 'ws')}/v1/realtime{query}"
    with connect(url, additional_headers=headers, open_timeout=30) as socket:
        yield socket


def send(socket: ClientConnection, type: str, **fields: object) -> None:
    socket.send(json.dumps({"type": type, **fields}))


def receive(socket: ClientConnection) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(socket.recv(timeout=60))
    return event


def until(socket: ClientConnection, *types: str) -> list[dict[str, Any]]:
    """Return the events up to one of a type."""
    events = [receive(socket)]
    while events[-1]["type"] not in types:
        events.append(receive(socket))
    return events


def append(socket: ClientConnection, data: bytes) -> None:
    for start in range(0, len(data), 48_000):
        audio = base64.b64encode(data[start : start + 48_000]).decode()
        send(socket, "input_audio_buffer.append", audio=audio)


def configure(socket: ClientConnection, **fields: object) -> dict[str, Any]:
    """Update `audio.input`, and return the session."""
    session = {"type": "transcription", "audio": {"input": fields}}
    send(socket, "session.update", session=session)
    updated: dict[str, Any] = until(socket, "session.updated")[-1]["session"]
    return updated


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """Return the types, each once in a row."""
    types = [event["type"] for event in events]
    return [type for type, before in zip(types, ["", *types], strict=False) if type != before]


def texts(events: list[dict[str, Any]]) -> list[str]:
    return [e["transcript"] for e in events if e["type"] == f"{TRANSCRIPTION}.completed"]


@pytest.mark.parametrize(
    "turns", [None, {"type": "server_vad", "silence_duration_ms": 600}, {"type": "semantic_vad"}]
)
def test_the_real_openai_client_transcribes(service: Server, turns: dict[str, Any] | None) -> None:
    sound = pcm("pause")
    input = {
        "format": {"type": "audio/pcm", "rate": 24_000},
        "transcription": {"model": "whisper-1", "language": "en"},
        "turn_detection": turns,
    }

    async def talk() -> tuple[list[str], list[str]]:
        client = openai.AsyncOpenAI(base_url=f"{service.url}/v1", api_key="none")
        deltas, completed = [], []
        # The model of the URL is that of a conversation, as in the examples of the client.
        async with client, client.realtime.connect(model="gpt-realtime") as connection:
            await connection.session.update(
                session=cast(Any, {"type": "transcription", "audio": {"input": input}})
            )
            for start in range(0, len(sound), 48_000):
                chunk = base64.b64encode(sound[start : start + 48_000]).decode()
                await connection.input_audio_buffer.append(audio=chunk)
            await connection.input_audio_buffer.commit()
            async for event in connection:
                assert event.type != "error", event
                if event.type == "conversation.item.input_audio_transcription.delta":
                    deltas.append(event.delta or "")
                if event.type == "conversation.item.input_audio_transcription.completed":
                    completed.append(event.transcript)
                    if words(" ".join(completed))[-1:] == words(reference("pause"))[-1:]:
                        break
        return deltas, completed

    deltas, completed = asyncio.run(asyncio.wait_for(talk(), 100))
    assert words("".join(deltas)) == words(reference("pause"))
    assert words(" ".join(completed)) == words(reference("pause"))
    assert turns is None or len(completed) >= 2


def test_events_of_an_item_come_in_order_and_name_it(service: Server) -> None:
    with session(service) as socket:
        configure(socket, **MANUAL)
        append(socket, pcm("english"))
        send(socket, "input_audio_buffer.commit")
        append(socket, bytes(48_000))  # a second of silence is an item of its own
        send(socket, "input_audio_buffer.commit")
        first = until(socket, "conversation.item.done")
        second = until(socket, "conversation.item.done")
    assert kinds(first)[:2] == ["input_audio_buffer.committed", "conversation.item.added"]
    assert kinds(first)[-3:] == [
        f"{TRANSCRIPTION}.delta", f"{TRANSCRIPTION}.completed", "conversation.item.done",
    ]  # fmt: skip
    assert first[-1]["item"]["content"][0]["transcript"] == texts(first)[0]
    assert words(texts(first)[0]) == words(reference("english")) and texts(second) == [""]
    completed = [e for e in first + second if e["type"] == f"{TRANSCRIPTION}.completed"]
    length = len(pcm("english")) / 48_000
    assert completed[0]["usage"] == {"type": "duration", "seconds": pytest.approx(length, abs=0.01)}
    assert completed[1]["usage"]["seconds"] == 1.0
    committed = [e for e in first + second if e["type"] == "input_audio_buffer.committed"]
    assert committed[0]["previous_item_id"] is None
    assert committed[1]["previous_item_id"] == committed[0]["item_id"]


@pytest.mark.parametrize("turns", [None, {"type": "semantic_vad", "eagerness": "high"}])
def test_a_clear_keeps_committed_speech_and_drops_the_rest(
    service: Server, turns: dict[str, Any] | None
) -> None:
    with session(service) as socket:
        configure(socket, turn_detection=turns)
        append(socket, pcm("english"))
        send(socket, "input_audio_buffer.commit")
        send(socket, "input_audio_buffer.clear")  # the Agents SDK ends every stream so
        kept = until(socket, "input_audio_buffer.cleared")
        if not texts(kept):
            kept += until(socket, f"{TRANSCRIPTION}.completed")
        assert words("".join(texts(kept))) == words(reference("english"))
        assert "input_audio_buffer.committed" in kinds(kept)
        append(socket, pcm("german")[: 2 * 24_000])
        send(socket, "input_audio_buffer.clear")
        append(socket, pcm("english"))
        send(socket, "input_audio_buffer.commit")
        rest = until(socket, f"{TRANSCRIPTION}.completed")
        assert words(texts(rest)[0]) == words(reference("english"))


def test_an_empty_commit_is_an_error_that_names_the_event(service: Server) -> None:
    with session(service) as socket:
        until(socket, "session.created")
        send(socket, "input_audio_buffer.commit", event_id="first")
        assert receive(socket)["error"]["event_id"] == "first"
        append(socket, pcm("english"))
        send(socket, "input_audio_buffer.commit")
        events = until(socket, f"{TRANSCRIPTION}.completed", "error")
        send(socket, "input_audio_buffer.commit", event_id="again")
        events += until(socket, "error")
    assert kinds(events).count(f"{TRANSCRIPTION}.completed") == 1
    assert events[-1]["error"]["code"] == "input_audio_buffer_commit_empty"
    assert events[-1]["error"]["event_id"] == "again"


def test_models_that_stream_send_deltas_before_the_commit(service: Server) -> None:
    with session(service) as socket:
        updated = configure(
            socket, transcription={"model": "gpt-realtime-whisper", "delay": "minimal"}
        )
        assert updated["audio"]["input"]["turn_detection"] is None
        assert updated["audio"]["input"]["transcription"]["delay"] == "minimal"
        append(socket, pcm("pause"))
        before = until(socket, f"{TRANSCRIPTION}.delta")
        send(socket, "input_audio_buffer.commit")
        events = before + until(socket, "conversation.item.done")
    deltas = [event for event in events if event["type"] == f"{TRANSCRIPTION}.delta"]
    assert words("".join(event["delta"] for event in deltas)) == words(reference("pause"))
    assert {event["item_id"] for event in deltas} == {events[-1]["item"]["id"]}


def test_unsupported_fields_are_reported_and_the_rest_is_applied(service: Server) -> None:
    transcription = {
        "model": "no-such-model", "language": "en", "languages": ["en", "de"],
        "keywords": ["garden"], "colour": "red",
    }  # fmt: skip
    turns = {
        "type": "server_vad", "silence_duration_ms": 900, "prefix_padding_ms": 500,
        "idle_timeout_ms": 6000, "create_response": True,
    }  # fmt: skip
    with session(service, query="") as socket:
        until(socket, "session.created")
        fields = {
            "type": "realtime",
            "include": ["item.colours"],
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 5},
                    "transcription": transcription,
                    "turn_detection": turns,
                    "noise_reduction": {"type": "near_field"},
                }
            },
        }
        send(socket, "session.update", event_id="mine", session=fields)
        updated, report = receive(socket), receive(socket)
        assert updated["type"] == "session.updated" and report["error"]["event_id"] == "mine"
        input = updated["session"]["audio"]["input"]
        assert input["transcription"] == {
            "model": "whisper-1", "language": "en", "prompt": "", "keywords": ["garden"],
        }  # fmt: skip
        assert input["turn_detection"] == {
            "type": "server_vad", "threshold": 0.5,
            "prefix_padding_ms": 500, "silence_duration_ms": 900,
        }  # fmt: skip
        message = report["error"]["message"]
        for value in (
            "no-such-model", "languages", "colour", "idle_timeout_ms", "5 Hz", "realtime",
            "item.colours",
        ):  # fmt: skip
            assert value in message
        assert "noise_reduction" not in message and "create_response" not in message
        # What the server sent is accepted again.
        send(socket, "session.update", session=updated["session"])
        send(socket, "nonsense", event_id="mark")
        assert receive(socket)["type"] == "session.updated"
        assert receive(socket)["error"]["event_id"] == "mark"


@pytest.mark.parametrize("model", ["gpt-4o-transcribe", "gpt-live-transcribe"])
def test_log_probabilities_of_words_are_sent_on_request(service: Server, model: str) -> None:
    with session(service) as socket:
        fields = {
            "type": "transcription",
            "include": [LOGPROBS],
            "audio": {"input": {"transcription": {"model": model}, "turn_detection": None}},
        }
        send(socket, "session.update", session=fields)
        assert until(socket, "session.updated")[-1]["session"]["include"] == [LOGPROBS]
        append(socket, pcm("english"))
        send(socket, "input_audio_buffer.commit")
        events = until(socket, f"{TRANSCRIPTION}.completed")
    entries = events[-1]["logprobs"]
    assert "".join(entry["token"] for entry in entries).strip() == events[-1]["transcript"]
    assert all(entry["logprob"] <= 0 for entry in entries)
    deltas = [event for event in events if event["type"] == f"{TRANSCRIPTION}.delta"]
    assert [entry for event in deltas for entry in event["logprobs"]] == entries


@pytest.mark.parametrize("codec", ["mulaw", "alaw"])
def test_telephone_audio_is_decoded(service: Server, codec: str) -> None:
    beta_name, name = {"mulaw": ("g711_ulaw", "pcmu"), "alaw": ("g711_alaw", "pcma")}[codec]
    with session(service) as socket:
        updated = configure(socket, format={"type": f"audio/{name}"}, **MANUAL)
        assert updated["audio"]["input"]["format"] == {"type": f"audio/{name}"}
        append(socket, encoded(pcm("english", 8_000), f"pcm_{codec}"))
        send(socket, "input_audio_buffer.commit")
        (text,) = texts(until(socket, f"{TRANSCRIPTION}.completed"))
        assert words(text) == words(reference("english"))
        beta = {"input_audio_format": beta_name}
        send(socket, "transcription_session.update", session=beta)
        updated = until(socket, "transcription_session.updated")[-1]
        assert updated["session"]["input_audio_format"] == beta_name


def encoded(data: bytes, codec: str) -> bytes:
    """Encode 8 kHz PCM with FFmpeg."""
    with io.BytesIO() as file:
        with av.open(file, "w", format="wav") as container:
            stream = cast(av.AudioStream, container.add_stream(codec, rate=8_000))
            stream.layout = "mono"
            frame = av.AudioFrame.from_ndarray(np.frombuffer(data, "<i2")[None], "s16", "mono")
            frame.sample_rate, frame.time_base, frame.pts = 8_000, Fraction(1, 8_000), 0
            for packet in (*stream.encode(frame), *stream.encode(None)):
                container.mux(packet)
        return file.getvalue()[-len(data) // 2 :]


def test_beta_sessions_get_beta_events(service: Server) -> None:
    with session(service, **{"OpenAI-Beta": "realtime=v1"}) as socket:
        created = receive(socket)
        assert created["type"] == "transcription_session.created"
        assert created["session"]["input_audio_format"] == "pcm16"
        fields = {
            "input_audio_transcription": {"model": "whisper-1", "language": "en"},
            "input_audio_noise_reduction": {"type": "near_field"},
            "turn_detection": None,
        }
        send(socket, "transcription_session.update", session=fields)
        updated = receive(socket)
        assert updated["type"] == "transcription_session.updated"
        assert updated["session"]["input_audio_transcription"]["language"] == "en"
        assert updated["session"]["turn_detection"] is None
        append(socket, pcm("english"))
        send(socket, "input_audio_buffer.commit")
        events = until(socket, f"{TRANSCRIPTION}.completed")
        assert kinds(events)[:2] == ["input_audio_buffer.committed", "conversation.item.created"]
        assert words(texts(events)[0]) == words(reference("english"))
        send(socket, "nonsense")
        assert receive(socket)["type"] == "error"  # there is no `conversation.item.done`


def test_a_changed_configuration_counts_from_the_next_audio(service: Server) -> None:
    with session(service) as socket:
        configure(socket, **MANUAL)
        append(socket, pcm("english"))
        server_vad = {"audio": {"input": {"turn_detection": {"type": "server_vad"}}}}
        send(socket, "session.update", session=server_vad)
        assert "committed" in until(socket, "error")[-1]["error"]["message"]
        send(socket, "input_audio_buffer.commit")
        format = {"type": "audio/pcm", "rate": 16_000}
        send(socket, "session.update", session={"audio": {"input": {"format": format}}})
        append(socket, pcm("english", 16_000))
        send(socket, "input_audio_buffer.commit")
        events = until(socket, "conversation.item.done")
        events += until(socket, "conversation.item.done")
    assert [words(text) for text in texts(events)] == [words(reference("english"))] * 2

"""Live transcription as clients see it: a real server, real weights, the real OpenAI client."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, cast

import numpy as np
import openai
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from support.samples import SAMPLES, reference, words
from support.serving import Server, running
from unispeech.audio.recording import load

KEY = "a-key-for-tests"
HEADERS = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(
        tmp_path_factory.mktemp("live"),
        api_key=KEY,
        require_keys=True,
        streams_per_key=3,
        stream_resume=2,
        max_duration=60,
    ) as server:
        yield server
        assert "Traceback" not in server.log.read_text()


def pcm(sample: str, rate: int = 16_000) -> bytes:
    samples = load(SAMPLES / f"{sample}.wav")
    if rate != 16_000:
        at = np.arange(0, len(samples), 16_000 / rate)
        samples = np.interp(at, np.arange(len(samples)), samples).astype(np.float32)
    return (samples * 32767).astype("<i2").tobytes()


def open_stream(server: Server, **parameters: object) -> ClientConnection:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    url = f"{server.url.replace('http', 'ws')}/v1/stream?{query}"
    return connect(url, additional_headers=HEADERS, open_timeout=30)


def read(socket: ClientConnection) -> list[dict[str, Any]]:
    """Everything up to the end."""
    said: list[dict[str, Any]] = []
    try:
        while True:
            said.append(json.loads(socket.recv(timeout=60)))
    except ConnectionClosed:
        return said


def finals(said: list[dict[str, Any]]) -> list[str]:
    return words("".join(event["text"] for event in said if event["type"] == "final"))


def send(socket: ClientConnection, data: bytes, size: int = 5001) -> None:
    for start in range(0, len(data), size):
        socket.send(data[start : start + size])


def test_sound_in_any_pieces_becomes_events_and_the_stream_ends(server: Server) -> None:
    with open_stream(server, sample_rate=8000) as socket:
        assert json.loads(socket.recv())["type"] == "session"
        send(socket, pcm("pause", 8000))
        socket.send('{"type": "finish"}')
        said = read(socket)
        assert finals(said) == words(reference("pause"))
        assert said[-1]["type"] == "done" and socket.close_code == 1000
        assert [event["type"] for event in said].count("endpoint") == 2


def test_a_lost_client_comes_back_and_misses_nothing(server: Server) -> None:
    data = pcm("pause")
    half = len(data) // 4 * 2
    with open_stream(server) as socket:
        session = json.loads(socket.recv())["session"]
        send(socket, data[:half])
        first = [json.loads(socket.recv(timeout=60))]
        while first[-1]["type"] != "final":
            first.append(json.loads(socket.recv(timeout=60)))
    with open_stream(server, session=session, after=first[-1]["id"]) as socket:
        hello = json.loads(socket.recv())
        assert hello["resumed"] and hello["received"] == half
        send(socket, data[half:])
        socket.send('{"type": "finish"}')
        rest = read(socket)
    assert finals([*first, *rest]) == words(reference("pause"))


def test_a_client_that_stays_away_frees_its_stream(server: Server) -> None:
    with open_stream(server) as socket:
        session = json.loads(socket.recv())["session"]
    asyncio.run(asyncio.sleep(2.5))
    with pytest.raises(InvalidStatus) as refused, open_stream(server, session=session):
        pass
    assert b"no such stream" in refused.value.response.body
    with ExitStack() as stack:
        going = [stack.enter_context(open_stream(server)) for _ in range(3)]
        with pytest.raises(InvalidStatus) as refused, open_stream(server):
            pass
        assert refused.value.response.status_code == 429
        for socket in going:
            socket.recv()
            socket.send('{"type": "finish"}')
            assert read(socket)[-1]["type"] == "done"


@pytest.mark.parametrize(
    ("parameters", "status", "said"),
    [
        ({"model": "nonsense"}, 404, "nonsense"),
        ({"language": "klingon"}, 400, "klingon"),
        ({"sample_rate": 5}, 400, "5 Hz"),
        ({"step": "soon"}, 400, "step"),
        ({"colour": "red"}, 400, "colour"),
    ],
)
def test_what_is_wrong_is_said_before_the_socket_opens(
    server: Server, parameters: dict[str, object], status: int, said: str
) -> None:
    with pytest.raises(InvalidStatus) as refused, open_stream(server, **parameters):
        pass
    assert refused.value.response.status_code == status
    assert said in refused.value.response.body.decode()


def test_keys_origins_and_commands_are_checked(server: Server) -> None:
    url = f"{server.url.replace('http', 'ws')}/v1/stream"
    for headers, status in (
        ({}, 401),
        ({**HEADERS, "Origin": "https://elsewhere.example"}, 403),
    ):
        with pytest.raises(InvalidStatus) as refused, connect(url, additional_headers=headers):
            pass
        assert refused.value.response.status_code == status
    with connect(url, subprotocols=["unispeech", f"openai-insecure-api-key.{KEY}"]) as socket:  # type: ignore[list-item]
        assert socket.subprotocol == "unispeech"
        socket.recv()
        socket.send("hello")
        assert "not a command" in json.loads(socket.recv())["message"]


def test_a_client_that_goes_before_it_is_answered_holds_nothing(server: Server) -> None:
    request = (
        f"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Version: 13\r\nAuthorization: Bearer {KEY}\r\n\r\n"
    )
    for milliseconds in range(12):
        with socket.create_connection(("127.0.0.1", server.port)) as gone:
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            gone.sendall(request.encode())
            time.sleep(milliseconds / 1000)
    deadline = time.monotonic() + 30
    while True:  # those that were answered in time are kept a moment for a client that comes back
        try:
            with open_stream(server) as one:
                one.recv()
                one.send('{"type": "finish"}')
                assert read(one)[-1]["type"] == "done"
                return
        except InvalidStatus:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_no_word_of_a_prompt_and_no_address_is_logged(server: Server) -> None:
    with open_stream(server, initial_prompt="Zanzibar") as one:
        one.recv()
        one.send('{"type": "finish"}')
        read(one)
    log = server.log.read_text()
    assert "Zanzibar" not in log and "127.0.0.1:" not in log.replace(f"127.0.0.1:{server.port}", "")


def test_wrong_messages_are_answered_and_a_new_stream_is_as_good_as_before(server: Server) -> None:
    for wrong in ('"', "[" * 100_000, '{"type": []}', "null", '{"type": "start"}'):
        with open_stream(server) as one:
            one.recv()
            one.send(wrong)
            said = read(one)
            assert said[0]["type"] == "error" and "not a command" in said[0]["message"]
    with open_stream(server) as one:
        one.recv()
        one.send(b"\x01")  # half a sample
        one.send(b"\x01" * 32_001)
        one.send('{"type": "finish"}')
        assert read(one)[-1]["type"] == "done"
    with open_stream(server) as one:  # longer than this server lets anyone speak
        one.recv()
        one.send(bytes(61 * 32_000))
        said = read(one)
        assert "60 s" in said[0]["message"] and said[-1]["type"] == "done"


@pytest.mark.parametrize("by_voice", [True, False])
def test_the_real_openai_client_transcribes(server: Server, by_voice: bool) -> None:
    sound = pcm("pause", 24_000)

    async def talk() -> tuple[list[str], list[str]]:
        client = openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=KEY)
        deltas, completed = [], []
        async with (
            client,
            client.realtime.connect(extra_query={"intent": "transcription"}) as connection,
        ):
            turns = {"type": "server_vad", "silence_duration_ms": 600} if by_voice else None
            await connection.session.update(
                session=cast(
                    Any,
                    {
                        "type": "transcription",
                        "audio": {
                            "input": {
                                "format": {"type": "audio/pcm", "rate": 24_000},
                                "transcription": {"model": "whisper-1", "language": "en"},
                                "turn_detection": turns,
                            }
                        },
                    },
                )
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
                    if len(completed) == (2 if by_voice else 1):
                        break
        return deltas, completed

    deltas, completed = asyncio.run(asyncio.wait_for(talk(), 100))
    assert words("".join(deltas)) == words(reference("pause"))
    assert words(" ".join(completed)) == words(reference("pause"))
    assert len(deltas) >= 2  # sound sent at once is behind, so only finals are decoded


def test_the_openai_client_reads_what_is_wrong(server: Server) -> None:
    async def talk() -> str:
        client = openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=KEY)
        async with (
            client,
            client.realtime.connect(extra_query={"intent": "transcription"}) as connection,
        ):
            await connection.session.update(
                session=cast(
                    Any,
                    {
                        "type": "transcription",
                        "audio": {"input": {"transcription": {"model": "no-such-model"}}},
                    },
                )
            )
            async for event in connection:
                if event.type == "error":
                    return str(event.error.message)
        return ""

    assert "no-such-model" in asyncio.run(asyncio.wait_for(talk(), 60))


def test_the_beta_shape_is_understood_and_what_is_not_here_is_refused(server: Server) -> None:
    url = f"{server.url.replace('http', 'ws')}/v1/realtime?intent=transcription"

    def update(one: ClientConnection, **session: object) -> dict[str, Any]:
        one.send(json.dumps({"type": "transcription_session.update", "session": session}))
        answer: dict[str, Any] = json.loads(one.recv(timeout=60))
        return answer

    with connect(url, additional_headers=HEADERS) as one:
        assert json.loads(one.recv())["type"] == "session.created"
        told = update(
            one,
            input_audio_format="pcm16",
            input_audio_transcription={"model": "whisper-1", "language": "en"},
            turn_detection=None,
        )
        assert told["type"] == "transcription_session.updated"
        heard = told["session"]["audio"]["input"]
        assert heard["turn_detection"] is None and heard["transcription"]["language"] == "en"
        for wrong, said in (
            ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 5}}}}, "5 Hz"),
            ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": "x"}}}}, "'x'"),
            ({"input_audio_format": "g711_ulaw"}, "g711_ulaw"),
            ({"input_audio_noise_reduction": {"type": "near_field"}}, "noise_reduction"),
            ({"include": ["item.input_audio_transcription.logprobs"]}, "logprobs"),
            ({"colour": "red"}, "colour"),
        ):
            assert said in update(one, **wrong)["error"]["message"]
        sound = base64.b64encode(pcm("english", 24_000)).decode()
        one.send(json.dumps({"type": "input_audio_buffer.append", "audio": sound}))
        one.send(json.dumps({"type": "input_audio_buffer.commit"}))
        while (event := json.loads(one.recv(timeout=60)))["type"] != (
            "conversation.item.input_audio_transcription.completed"
        ):
            assert event["type"] != "error", event
        assert words(event["transcript"]) == words(reference("english"))


def test_what_is_committed_is_answered_once(server: Server) -> None:
    """With turn detection on, the end of the phrase and the commit are one item."""
    url = f"{server.url.replace('http', 'ws')}/v1/realtime?intent=transcription"
    kinds: list[str] = []
    with connect(url, additional_headers=HEADERS) as one:
        sound = base64.b64encode(pcm("english", 24_000)).decode()
        one.send(json.dumps({"type": "input_audio_buffer.append", "audio": sound}))
        one.send(json.dumps({"type": "input_audio_buffer.commit"}))
        while not kinds or not kinds[-1].endswith("completed"):
            kinds.append(json.loads(one.recv(timeout=60))["type"])
        one.send(json.dumps({"type": "input_audio_buffer.commit", "event_id": "again"}))
        error = json.loads(one.recv(timeout=60))["error"]
        one.send(json.dumps({"type": "nonsense", "event_id": "mark"}))
        mark = json.loads(one.recv(timeout=60))["error"]
    assert kinds.count("conversation.item.input_audio_transcription.completed") == 1
    assert "error" not in kinds
    assert "empty" in error["message"] and mark["event_id"] == "mark"


def test_nonsense_is_answered_and_forgotten(server: Server) -> None:
    base = server.url.replace("http", "ws")
    odd = (
        "", "[", '"\\ud800"', "[" * 100_000, "null", '{"type": "\\ud800"}', '{"type": {}}',
        '{"type": "session.update", "session": "\\u0000"}', '{"type": "x", "event_id": "\\udfff"}',
        '{"type": "session.update", "session": {"audio": {"input": {"turn_detection": "x"}}}}',
        '{"type": "input_audio_buffer.append", "audio": 5}',
    )  # fmt: skip
    with connect(f"{base}/v1/realtime?intent=transcription", additional_headers=HEADERS) as socket:
        assert json.loads(socket.recv(timeout=60))["type"] == "session.created"
        for text in odd:
            socket.send(text)
            told = json.loads(socket.recv(timeout=60))
            assert told["type"] == "error" and len(told["error"]["message"]) < 300, text
        socket.send(b"\x00\xff")
        assert json.loads(socket.recv(timeout=60))["type"] == "error"
    for text in odd:
        with open_stream(server) as socket:
            socket.recv(timeout=60)
            socket.send(text)
            told = read(socket)
            assert told[0]["type"] == "error" and told[-1]["type"] == "done"
    assert "Traceback" not in server.log.read_text()

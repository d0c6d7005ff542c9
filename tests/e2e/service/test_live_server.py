"""Live transcription through a real server with real weights and the real OpenAI client."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import httpx
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
        fetch_private=True,
        log_level="debug",
    ) as server:
        yield server
        log = server.log.read_text()
        assert "Traceback" not in log and KEY not in log


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
    """Return all messages up to the close."""
    messages: list[dict[str, Any]] = []
    try:
        while True:
            messages.append(json.loads(socket.recv(timeout=60)))
    except ConnectionClosed:
        return messages


def finals(events: list[dict[str, Any]]) -> list[str]:
    return words("".join(event["text"] for event in events if event["type"] == "final"))


def send(socket: ClientConnection, data: bytes, size: int = 5001) -> None:
    for start in range(0, len(data), size):
        socket.send(data[start : start + size])


def test_audio_in_pieces_of_any_size_becomes_events(server: Server) -> None:
    with open_stream(server, sample_rate=8000) as socket:
        assert json.loads(socket.recv())["type"] == "session"
        send(socket, pcm("pause", 8000))
        socket.send('{"type": "finish"}')
        events = read(socket)
        assert finals(events) == words(reference("pause"))
        assert events[-1]["type"] == "done" and socket.close_code == 1000
        assert [event["type"] for event in events].count("endpoint") == 2


def test_a_client_that_reconnects_misses_nothing(server: Server) -> None:
    data = pcm("pause")
    half = len(data) // 4 * 2
    with open_stream(server) as socket:
        id = json.loads(socket.recv())["session"]
        send(socket, data[:half])
        first = [json.loads(socket.recv(timeout=60))]
        while first[-1]["type"] != "final":
            first.append(json.loads(socket.recv(timeout=60)))
    with open_stream(server, session=id, after=first[-1]["id"]) as socket:
        session = json.loads(socket.recv())
        assert session["resumed"] and session["received"] == half
        send(socket, data[half:])
        socket.send('{"type": "finish"}')
        rest = read(socket)
    assert finals([*first, *rest]) == words(reference("pause"))


def test_the_stream_of_a_client_that_stays_away_ends(server: Server) -> None:
    with open_stream(server) as socket:
        session = json.loads(socket.recv())["session"]
    asyncio.run(asyncio.sleep(2.5))
    with pytest.raises(InvalidStatus) as refused, open_stream(server, session=session):
        pass
    assert b"no such stream" in refused.value.response.body
    with ExitStack() as stack:
        sockets = [stack.enter_context(open_stream(server)) for _ in range(3)]
        with pytest.raises(InvalidStatus) as refused, open_stream(server):
            pass
        assert refused.value.response.status_code == 429
        for socket in sockets:
            socket.recv()
            socket.send('{"type": "finish"}')
            assert read(socket)[-1]["type"] == "done"


def watched(socket: ClientConnection) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the answer to a command, and the events before it."""
    events = [json.loads(socket.recv(timeout=60))]
    while events[-1]["type"] not in ("shared", "error"):
        events.append(json.loads(socket.recv(timeout=60)))
    return events[-1], events[:-1]


def lines(response: httpx.Response) -> Iterator[tuple[str, Any]]:
    """Events of a stream."""
    kind = ""
    for line in response.iter_lines():
        name, _, value = line.partition(": ")
        kind = value if name == "event" else kind
        if name == "data":
            yield kind, json.loads(value)


def test_others_watch_captions_by_link_without_a_key(server: Server) -> None:
    with server.client(**HEADERS) as owner, server.client() as anybody:
        assert anybody.post("/api/captions").status_code == 401
        link = owner.post("/api/captions").raise_for_status().json()
        assert link["url"] == f"{server.url}/#/captions/{link['id']}"
        place = f"/api/captions/{link['id']}"
        assert anybody.get(place).json()["error"]["code"] == "captions_not_found"
        with open_stream(server) as socket:
            socket.recv()
            share = {"type": "share", "secret": link["secret"]}
            socket.send(json.dumps(share))
            assert watched(socket)[0] == {"type": "shared", "captions": link["id"]}
            send(socket, pcm("pause") + bytes(2 * 2 * 16_000))  # silence ends the last phrase
            with anybody.stream("GET", place) as response:
                updates = lines(response)
                text = ""
                while words(text) != words(reference("pause")):
                    kind, update = next(updates)
                    assert kind == "captions" and update["live"]
                    text += " ".join(["", *update["lines"]])
                with anybody.stream("GET", place) as late:  # gets the last lines
                    first = next(lines(late))[1]
                    assert words(" ".join(first["lines"])) == words(text)
                socket.send('{"type": "share"}')
                assert watched(socket)[0] == {"type": "shared", "captions": None}
                assert list(updates)[-1] == ("end", {})
            assert anybody.get(place).status_code == 404
            socket.send(json.dumps({**share, "secret": "a guess"}))
            assert watched(socket)[0]["type"] == "error"
    assert link["secret"] not in server.log.read_text()
    assert link["id"] not in server.log.read_text()


@pytest.mark.parametrize(
    ("parameters", "status", "value"),
    [
        ({"model": "nonsense"}, 404, "nonsense"),
        ({"language": "klingon"}, 400, "klingon"),
        ({"sample_rate": 5}, 400, "5 Hz"),
        ({"step": "soon"}, 400, "step"),
        ({"colour": "red"}, 400, "colour"),
    ],
)
def test_malformed_parameters_are_rejected_before_the_upgrade(
    server: Server, parameters: dict[str, object], status: int, value: str
) -> None:
    with pytest.raises(InvalidStatus) as refused, open_stream(server, **parameters):
        pass
    assert refused.value.response.status_code == status
    assert value in refused.value.response.body.decode()


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
        assert "is not a command" in json.loads(socket.recv())["message"]


def test_a_client_that_disconnects_during_the_upgrade_leaves_no_stream(server: Server) -> None:
    request = (
        f"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Version: 13\r\nAuthorization: Bearer {KEY}\r\n\r\n"
    )
    for milliseconds in range(12):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(request.encode())
            time.sleep(milliseconds / 1000)
    deadline = time.monotonic() + 30
    while True:  # streams that had opened wait a moment for their client
        try:
            with open_stream(server) as stream:
                stream.recv()
                stream.send('{"type": "finish"}')
                assert read(stream)[-1]["type"] == "done"
                return
        except InvalidStatus:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_prompts_and_addresses_are_not_logged(server: Server) -> None:
    with open_stream(server, initial_prompt="Zanzibar") as socket:
        socket.recv()
        socket.send('{"type": "finish"}')
        read(socket)
    log = server.log.read_text()
    assert "Zanzibar" not in log and "127.0.0.1:" not in log.replace(f"127.0.0.1:{server.port}", "")


def test_malformed_messages_end_the_stream_with_an_error(server: Server) -> None:
    for wrong in ('"', "[" * 100_000, '{"type": []}', "null", '{"type": "start"}'):
        with open_stream(server) as socket:
            socket.recv()
            socket.send(wrong)
            messages = read(socket)
            assert messages[0]["type"] == "error" and "not a command" in messages[0]["message"]
    with open_stream(server) as socket:
        socket.recv()
        socket.send(b"\x01")  # half a sample
        socket.send(b"\x01" * 32_001)
        socket.send('{"type": "finish"}')
        assert read(socket)[-1]["type"] == "done"
    with open_stream(server) as socket:  # longer than the maximum duration
        socket.recv()
        socket.send(bytes(61 * 32_000))
        messages = read(socket)
        assert "60 s" in messages[0]["message"] and messages[-1]["type"] == "done"


def test_client_secrets_open_sessions_until_they_expire(server: Server) -> None:
    session = {
        "type": "transcription",
        "audio": {"input": {"transcription": {"model": "gpt-4o-transcribe", "language": "en"}}},
    }
    client = openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY)
    made = client.realtime.client_secrets.create(
        session=cast(Any, session), expires_after={"anchor": "created_at", "seconds": 60}
    )
    assert made.value.startswith("ek_") and 0 < made.expires_at - time.time() <= 61
    beta = httpx.post(
        f"{server.url}/v1/realtime/transcription_sessions",
        headers=HEADERS,
        json={"input_audio_transcription": {"model": "whisper-1", "language": "en"}},
    ).json()
    assert beta["input_audio_format"] == "pcm16"
    url = f"{server.url.replace('http', 'ws')}/v1/realtime"
    for token in (made.value, beta["client_secret"]["value"]):
        with connect(
            url, subprotocols=cast(Any, ["realtime", f"openai-insecure-api-key.{token}"])
        ) as socket:
            created = json.loads(socket.recv(timeout=60))
            transcription = created["session"]["audio"]["input"]["transcription"]
            assert transcription["language"] == "en"
        # It opens nothing else.
        answer = httpx.get(f"{server.url}/v1/models", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
    forged = made.value[:-2] + ("AA" if made.value[-2:] != "AA" else "BB")
    for secret in (forged, "ek_", "ek_x.y"):
        with (
            pytest.raises(InvalidStatus) as refused,
            connect(url, additional_headers={"Authorization": f"Bearer {secret}"}),
        ):
            pass
        assert refused.value.response.status_code == 401
    for body in (
        {"expires_after": {"seconds": 9}},
        {"session": {"type": "realtime"}},
        {"session": 5},
    ):
        answer = httpx.post(f"{server.url}/v1/realtime/client_secrets", headers=HEADERS, json=body)
        assert answer.status_code == 400, body


def test_the_url_of_a_realtime_session_has_the_parameters_of_speaches(server: Server) -> None:
    url = f"{server.url.replace('http', 'ws')}/v1/realtime?model=whisper-1&intent=transcription"
    with connect(f"{url}&transcription_model=tiny.en&language=en&api_key={KEY}") as socket:
        session = json.loads(socket.recv(timeout=60))["session"]
    transcription = session["audio"]["input"]["transcription"]
    assert (transcription["model"], transcription["language"]) == ("tiny.en", "en")
    for parameters, status in (("api_key=x", 401), (f"api_key={KEY}&language=xx", 400)):
        with pytest.raises(InvalidStatus) as refused, connect(f"{url}&{parameters}"):
            pass
        assert refused.value.response.status_code == status
    models = httpx.get(f"{server.url}/v1/models", params={"api_key": KEY})
    assert models.status_code == 401  # as with speaches, WebSockets only


def test_deepgram_clients_send_keys_in_their_own_ways(server: Server) -> None:
    url = f"{server.url.replace('http', 'ws')}/v1/listen?encoding=linear16&sample_rate=16000"
    close = '{"type": "CloseStream"}'
    with connect(url, subprotocols=cast(Any, ["token", KEY])) as socket:
        assert socket.subprotocol == "token"
        socket.send(close)
        assert json.loads(socket.recv(timeout=60))["type"] == "Metadata"
    with connect(url, additional_headers={"Authorization": f"Token {KEY}"}) as socket:
        socket.send(close)
        assert json.loads(socket.recv(timeout=60))["type"] == "Metadata"
    for headers, protocols in (
        ({}, None),
        ({"Authorization": "Token x"}, None),
        ({}, ["token", "x"]),
    ):
        with (
            pytest.raises(InvalidStatus) as refused,
            connect(url, additional_headers=headers, subprotocols=cast(Any, protocols)),
        ):
            pass
        body = json.loads(refused.value.response.body)
        assert refused.value.response.status_code == 401 and body["err_code"] == "INVALID_AUTH"


def test_deepgram_fetches_a_recording_from_a_url(server: Server) -> None:
    """On this machine, which `fetch_private` allows."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(SAMPLES))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as files:
        threading.Thread(target=files.serve_forever, daemon=True).start()
        answer = httpx.post(
            f"{server.url}/v1/listen?punctuate=true",
            headers={"Authorization": f"Token {KEY}"},
            json={"url": f"http://127.0.0.1:{files.server_port}/english.wav"},
            timeout=120,
        )
        files.shutdown()
    best = answer.raise_for_status().json()["results"]["channels"][0]["alternatives"][0]
    assert words(best["transcript"]) == words(reference("english"))


def test_malformed_events_are_answered_with_errors(server: Server) -> None:
    base = server.url.replace("http", "ws")
    malformed = (
        "", "[", '"\\ud800"', "[" * 100_000, "null", '{"type": "\\ud800"}', '{"type": {}}',
        '{"type": "session.update", "session": "\\u0000"}', '{"type": "x", "event_id": "\\udfff"}',
        '{"type": "session.update", "session": {"audio": {"input": {"turn_detection": "x"}}}}',
        '{"type": "input_audio_buffer.append", "audio": 5}',
    )  # fmt: skip
    with connect(f"{base}/v1/realtime?intent=transcription", additional_headers=HEADERS) as socket:
        assert json.loads(socket.recv(timeout=60))["type"] == "session.created"
        for text in malformed:
            socket.send(text)
            answer = json.loads(socket.recv(timeout=60))
            if answer["type"] == "session.updated":  # without the malformed field
                answer = json.loads(socket.recv(timeout=60))
            assert answer["type"] == "error" and len(answer["error"]["message"]) < 300, text
        socket.send(b"\x00\xff")
        assert json.loads(socket.recv(timeout=60))["type"] == "error"
    for text in malformed:
        with open_stream(server) as socket:
            socket.recv(timeout=60)
            socket.send(text)
            messages = read(socket)
            assert messages[0]["type"] == "error" and messages[-1]["type"] == "done"
    assert "Traceback" not in server.log.read_text()

"""Deepgram's `/v1/listen` through a real server with real weights, and with Deepgram's client."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from deepgram import DeepgramClient
from deepgram.core.api_error import ApiError
from deepgram.environment import DeepgramClientEnvironment
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from support.recordings import upsampled, write
from support.samples import SAMPLES, reference, words
from support.serving import Server
from unispeech.audio.pcm import to_int16
from unispeech.audio.recording import load

pytestmark = pytest.mark.filterwarnings("ignore:websockets.*is deprecated:DeprecationWarning")
"""The client uses old names of the library."""
RAW: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16_000}


@pytest.fixture
def client(service: Server) -> Iterator[DeepgramClient]:
    environment = copy.copy(DeepgramClientEnvironment.PRODUCTION)
    environment.base = service.url
    environment.production = service.url.replace("http", "ws")
    with httpx.Client(timeout=60) as connection:
        yield DeepgramClient(api_key="none", environment=environment, httpx_client=connection)


def pcm(sample: str) -> bytes:
    return to_int16(load(SAMPLES / f"{sample}.wav")).tobytes()


def test_the_real_client_transcribes_a_recording(client: DeepgramClient) -> None:
    response: Any = client.listen.v1.media.transcribe_file(
        request=(SAMPLES / "pause.wav").read_bytes(),
        model="nova-3",
        language="en-US",
        smart_format=True,
        utterances=True,
        paragraphs=True,
        keyterm=["bread"],
        keywords=["door:2"],
        tag=["demo"],
    )
    channel = response.results.channels[0]
    best = channel.alternatives[0]
    assert words(best.transcript) == words(reference("pause")) and best.transcript[0] == "P"
    assert 0.3 < best.confidence <= 1
    first = best.words[0]
    assert (first.word, first.punctuated_word) == ("please", "Please") and first.end > first.start
    assert len(response.results.utterances) == 2
    assert response.results.utterances[0].transcript.endswith("door.")
    sentences = [s.text for p in best.paragraphs.paragraphs for s in p.sentences]
    assert len(sentences) >= 2 and " ".join(sentences) == best.transcript
    assert response.metadata.duration == pytest.approx(len(pcm("pause")) / 32_000, abs=0.1)
    assert response.metadata.tags == ["demo"] and response.metadata.channels == 1
    assert list(response.metadata.model_info.values())[0]["name"] == "tiny.en"


def test_raw_audio_and_plain_text(service: Server, http: httpx.Client) -> None:
    """Without `punctuate` the transcript is in lower case and has no punctuation."""
    query = {**RAW, "numerals": "true", "redact": "false"}
    response = http.post("/v1/listen", params=query, content=pcm("english"))
    best = response.raise_for_status().json()["results"]["channels"][0]["alternatives"][0]
    assert best["transcript"] == " ".join(words(reference("english")))
    assert "punctuated_word" not in best["words"][0]
    assert response.headers["x-unispeech-ignored"] == "numerals"
    assert response.headers["dg-request-id"] == response.json()["metadata"]["request_id"]


def test_a_url_is_fetched_under_the_rules_of_the_service(
    service: Server, http: httpx.Client
) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(SAMPLES))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as files:
        threading.Thread(target=files.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{files.server_port}/english.wav"
        response = http.post("/v1/listen", json={"url": url})
        files.shutdown()
    assert response.status_code == 400
    assert set(response.json()) == {"err_code", "err_msg", "request_id"}
    assert "public address" in response.json()["err_msg"]


@pytest.mark.parametrize(
    ("query", "body", "status", "value"),
    [
        ({"redact": "pci"}, b"x", 400, "redact"),
        ({"summarize": "v2"}, b"x", 400, "summarize"),
        ({"punctuate": "maybe"}, b"x", 400, "maybe"),
        ({"language": "klingon"}, b"x", 400, "klingon"),
        ({"model": "nonsense"}, b"x", 404, "nonsense"),
        ({"encoding": "opus", "sample_rate": "8000"}, b"x", 400, "opus"),
        ({"encoding": "linear16"}, b"x", 400, "sample_rate"),
        ({}, b"", 400, "empty"),
        ({}, b"not audio", 400, "recording"),
        ({"redact": "false", "version": "latest", "unheard_of": "1"}, b"not audio", 400, ""),
    ],
)
def test_what_cannot_be_honoured_is_rejected(
    http: httpx.Client, query: dict[str, str], body: bytes, status: int, value: str
) -> None:
    response = http.post("/v1/listen", params=query, content=body)
    assert response.status_code == status and value in response.json()["err_msg"]


def test_the_real_client_receives_errors(client: DeepgramClient) -> None:
    with pytest.raises(ApiError) as failed:
        client.listen.v1.media.transcribe_file(request=b"not audio", model="nova-3")
    assert failed.value.status_code == 400 and "err_msg" in failed.value.body


@contextmanager
def live(service: Server, **query: Any) -> Iterator[ClientConnection]:
    parameters = httpx.QueryParams({**RAW, **query})
    url = f"{service.url.replace('http', 'ws')}/v1/listen?{parameters}"
    with connect(url, open_timeout=30) as socket:
        yield socket


def send(socket: ClientConnection, data: bytes) -> None:
    for start in range(0, len(data), 3200):
        socket.send(data[start : start + 3200])


def rest(socket: ClientConnection) -> list[dict[str, Any]]:
    """Return all messages up to the close."""
    messages: list[dict[str, Any]] = []
    try:
        while True:
            messages.append(json.loads(socket.recv(timeout=60)))
    except ConnectionClosedOK:
        return messages


def transcript(messages: list[dict[str, Any]]) -> str:
    results = [m for m in messages if m["type"] == "Results" and m["is_final"]]
    return " ".join(m["channel"]["alternatives"][0]["transcript"] for m in results)


def test_the_real_client_transcribes_live(client: DeepgramClient) -> None:
    """With interim results, the ends of phrases, and the client's own message types."""
    finals: list[Any] = []
    kinds: list[str] = []
    with client.listen.v1.connect(
        model="nova-3",
        language="en-US",
        encoding="linear16",
        sample_rate=16_000,
        punctuate="true",
        interim_results="true",
        vad_events="true",
        endpointing=300,
        utterance_end_ms=1000,
        keyterm=["bread"],
    ) as connection:
        data = pcm("pause") + bytes(2 * 32_000)
        for start in range(0, len(data), 3200):
            connection.send_media(data[start : start + 3200])
        connection.send_keep_alive()
        connection.send_close_stream()
        for message in connection:
            assert not isinstance(message, bytes)
            kinds.append(message.type)
            if message.type == "Results" and message.is_final:
                finals.append(message)
            if message.type == "Metadata":
                assert message.duration == pytest.approx(len(data) / 32_000)
                break
    texts = [message.channel.alternatives[0].transcript for message in finals]
    assert words(" ".join(texts)) == words(reference("pause"))
    ends = [message.speech_final for message in finals]
    assert ends.count(True) >= 2 and ends[-1]
    assert finals[0].channel.alternatives[0].words[0].punctuated_word == "Please"
    assert kinds.count("SpeechStarted") == ends.count(True)
    assert kinds.count("UtteranceEnd") >= 1
    for before, after in zip(finals, finals[1:], strict=False):
        assert after.start >= before.start


def test_finalize_returns_the_rest_at_once(service: Server) -> None:
    with live(service, endpointing="false") as socket:
        send(socket, pcm("english"))
        socket.send('{"type": "Finalize"}')
        messages = [json.loads(socket.recv(timeout=60))]
        while not messages[-1]["from_finalize"]:
            messages.append(json.loads(socket.recv(timeout=60)))
        assert messages[-1]["speech_final"] and messages[-1]["is_final"]
        assert words(transcript(messages)) == words(reference("english"))
        socket.send('{"type": "Finalize"}')  # nothing is left
        empty = json.loads(socket.recv(timeout=60))
        assert empty["from_finalize"] and transcript([empty]) == ""
        socket.send('{"type": "KeepAlive"}')
        socket.send("nonsense")
        assert json.loads(socket.recv(timeout=60))["type"] == "Error"
        socket.send(b"")  # the old form of CloseStream
        assert [message["type"] for message in rest(socket)] == ["Metadata"]


def test_interim_results_are_sent_only_on_request(service: Server) -> None:
    with live(service) as socket:
        send(socket, pcm("english"))
        socket.send('{"type": "CloseStream"}')
        messages = rest(socket)
    assert all(message["is_final"] for message in messages[:-1])
    assert messages[-2]["speech_final"]
    assert transcript(messages).strip() == " ".join(words(reference("english")))


@pytest.mark.parametrize(
    ("query", "status", "value"),
    [
        ({"diarize_model": "v2"}, 400, "diarize_model"),
        ({"channels": 2}, 400, "channels"),
        ({"encoding": "opus"}, 400, "opus"),
        ({"redact": "ssn"}, 400, "redact"),
        ({"endpointing": "soon"}, 400, "soon"),
        ({"model": "nonsense"}, 404, "nonsense"),
    ],
)
def test_live_parameters_are_checked_before_the_upgrade(
    service: Server, query: dict[str, object], status: int, value: str
) -> None:
    with pytest.raises(InvalidStatus) as refused, live(service, **query):
        pass
    response = refused.value.response
    body = json.loads(response.body)
    assert response.status_code == status and value in body["err_msg"]
    assert response.headers["dg-error"] == body["err_msg"]
    assert response.headers["dg-request-id"] == body["request_id"] != ""


@pytest.mark.parametrize(
    ("name", "codec", "times"), [("a.webm", "libopus", 3), ("a.mp3", "libmp3lame", 1)]
)
def test_the_real_client_sends_a_file_live(
    client: DeepgramClient, tmp_path: Path, name: str, codec: str, times: int
) -> None:
    """Without `encoding` the stream is a file, as a browser's MediaRecorder sends it."""
    samples = upsampled(load(SAMPLES / "english.wav"), times)[None]
    data = write(tmp_path / name, samples, times * 16_000, codec).read_bytes()
    finals: list[Any] = []
    with client.listen.v1.connect(model="nova-3", punctuate="true") as connection:
        for start in range(0, len(data), 4000):
            connection.send_media(data[start : start + 4000])
        connection.send_close_stream()
        for message in connection:
            assert not isinstance(message, bytes)
            if message.type == "Results" and message.is_final:
                finals.append(message.channel.alternatives[0].transcript)
            if message.type == "Metadata":
                assert message.duration == pytest.approx(len(pcm("english")) / 32_000, abs=0.1)
                break
    assert words(" ".join(finals)) == words(reference("english"))


def test_bytes_that_are_no_file_end_the_stream(service: Server) -> None:
    with live(service, encoding="") as socket:
        socket.send(pcm("english")[:3200])
        assert json.loads(socket.recv(timeout=60))["type"] == "Error"
        with pytest.raises(ConnectionClosedError) as closed:
            socket.recv(timeout=60)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "DATA-0000")


@pytest.mark.parametrize("query", [{"diarize": "true"}, {"diarize_model": "latest"}])
def test_live_speakers_are_left_out_with_a_warning(service: Server, query: dict[str, str]) -> None:
    """Deepgram's own answer to a feature that a model lacks."""
    (name,) = query
    with live(service, **query) as socket:
        assert socket.response is not None
        assert socket.response.headers["X-UniSpeech-Ignored"] == name
        id = socket.response.headers["dg-request-id"]
        send(socket, pcm("english"))
        socket.send('{"type": "CloseStream"}')
        messages = rest(socket)
    assert words(transcript(messages)) == words(reference("english"))
    assert messages[0]["metadata"]["request_id"] == messages[-1]["request_id"] == id != ""
    best = messages[0]["channel"]["alternatives"][0]
    assert best["words"] and all("speaker" not in word for word in best["words"])
    assert [warning["parameter"] for warning in messages[-1]["warnings"]] == [name]

"""`unispeech wyoming`, spoken to by the client of the `wyoming` package."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import wave
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wyoming.asr import Transcribe
from wyoming.audio import AudioChunk, AudioFormat, AudioStart, AudioStop, wav_to_chunks
from wyoming.client import AsyncTcpClient
from wyoming.event import Event, Eventable
from wyoming.info import Describe, Info
from wyoming.ping import Ping

from support.samples import SAMPLES, reference, words
from unispeech.cli.spelling import with_flags
from unispeech.engine.engine import Engine
from unispeech.errors import AudioError, OptionError
from unispeech.wyoming import announcement
from unispeech.wyoming.address import Address
from unispeech.wyoming.program import Program, call_options
from unispeech.wyoming.server import Limits, serve
from unispeech.wyoming.sound import Sound

Engines = Callable[..., Engine]


@asynccontextmanager
async def running(program: Program, limits: Limits | None = None) -> AsyncIterator[int]:
    """Run a server in this event loop, and yield its port."""
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    address = Address.of("tcp://127.0.0.1:0")
    task = asyncio.create_task(
        serve(program, address, limits or Limits(), listening=port.set_result)
    )
    try:
        yield await port
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)


def with_client(
    program: Program,
    talk: Callable[[AsyncTcpClient], Coroutine[Any, Any, None]],
    limits: Limits | None = None,
) -> None:
    async def main() -> None:
        async with (
            running(program, limits) as port,
            AsyncTcpClient("127.0.0.1", port, read_timeout=120) as client,
        ):
            await talk(client)

    asyncio.run(main())


async def say(client: AsyncTcpClient, name: str, samples_per_chunk: int = 1024) -> None:
    """Send a sample from its start to its stop."""
    with wave.open(str(SAMPLES / name)) as file:
        for message in wav_to_chunks(file, samples_per_chunk, start_event=True, stop_event=True):
            await client.write_event(message.event())


async def answer(client: AsyncTcpClient) -> Event:
    event = await client.read_event()
    assert event is not None
    return event


async def refusal(client: AsyncTcpClient) -> str:
    """Return the code of the error that ends the connection."""
    event = await answer(client)
    assert event.type == "error", event
    assert event.data["text"] and await client.read_event() is None
    return str(event.data["code"])


@pytest.fixture
def program(engine: Engines) -> Program:
    return Program({"tiny.en": engine()})


def test_the_messages_of_home_assistant(program: Program) -> None:
    """One connection for the description, and one for each command, with its language."""

    async def main() -> None:
        async with running(program) as port:
            async with AsyncTcpClient("127.0.0.1", port, read_timeout=120) as client:
                await client.write_event(Describe().event())
                (described,) = Info.from_event(await answer(client)).asr
            (model,) = described.models
            assert (described.installed, model.installed) == (True, True)
            assert (model.name, model.languages) == ("tiny.en", ["en"])
            assert described.supports_transcript_streaming is False
            for language in ("en", "en-GB"):
                async with AsyncTcpClient("127.0.0.1", port, read_timeout=120) as client:
                    await client.write_event(Transcribe(language=language).event())
                    await say(client, "pause.wav")
                    event = await answer(client)
                assert event.type == "transcript" and event.data["language"] == "en"
                assert words(event.data["text"]) == words(reference("pause"))

    asyncio.run(main())


def test_text_is_streamed_in_parts_that_make_the_whole(engine: Engines) -> None:
    async def talk(client: AsyncTcpClient) -> None:
        await client.write_event(Describe().event())
        assert Info.from_event(await answer(client)).asr[0].supports_transcript_streaming
        for _ in range(2):  # a connection may be used again
            await say(client, "pause.wav")
            events = [await answer(client)]
            while events[-1].type != "transcript-stop":
                events.append(await answer(client))
            kinds = [event.type for event in events]
            parts = kinds.count("transcript-chunk")
            assert parts > 1
            assert kinds == [
                "transcript-start", *["transcript-chunk"] * parts, "transcript", "transcript-stop",
            ]  # fmt: skip
            joined = "".join(event.data["text"] for event in events[1 : parts + 1])
            assert joined == events[-2].data["text"]
            assert words(joined) == words(reference("pause"))

    with_client(Program({"tiny.en": engine()}, streams=True), talk)


@pytest.mark.parametrize("streams", [False, True])
def test_no_sound_and_silence_are_an_empty_text(engine: Engines, streams: bool) -> None:
    async def talk(client: AsyncTcpClient) -> None:
        for data in (b"", bytes(64000)):
            start = AudioStart(16000, 2, 1)
            for message in (start, AudioChunk(16000, 2, 1, data), AudioStop()):
                await client.write_event(message.event())
            while (event := await answer(client)).type != "transcript":
                assert event.type in ("transcript-start", "transcript-stop")
            assert event.data["text"] == ""

    with_client(Program({"tiny.en": engine()}, streams), talk)


def test_other_events_are_ignored_and_pings_answered(program: Program) -> None:
    async def talk(client: AsyncTcpClient) -> None:
        await client.write_event(Event("run-satellite", {"x": 1}))
        await client.write_event(AudioStop().event())
        await client.write_event(Ping("hello").event())
        assert await answer(client) == Event("pong", {"text": "hello"})

    with_client(program, talk)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (Transcribe(name="large-v3"), "invalid_value"),
        (Transcribe(language="de"), "unsupported_option"),
        (Transcribe(language="xyzzy"), "invalid_value"),
    ],
)
@pytest.mark.parametrize("streams", [False, True])
def test_what_cannot_be_honoured_is_refused(
    engine: Engines, request_: Transcribe, code: str, streams: bool
) -> None:
    async def talk(client: AsyncTcpClient) -> None:
        await client.write_event(request_.event())
        await client.write_event(AudioStart(16000, 2, 1).event())
        assert await refusal(client) == code

    with_client(Program({"tiny.en": engine()}, streams), talk)


MALFORMED = [
    b"GET / HTTP/1.1\r\n\r\n",
    b"\xff\xfe\n",
    b"[1]\n",
    b'{"data": {}}\n',
    b'{"type": "audio-chunk", "payload_length": 99999999999}\n',
    b'{"type": "audio-chunk", "payload_length": -1}\n',
    b'{"type": "transcribe", "data_length": 2000000}\n',
    b'{"type": "transcribe", "data": {"language": 5}}\n',
    b'{"type": "audio-start", "data": {"rate": "x", "width": 2, "channels": 1}}\n',
    b'{"type": "audio-start", "data": {"rate": true, "width": 2, "channels": 1}}\n',
    b'{"type": "audio-start"}\n',
    b"x" * 100_000,
    b"[" * 60_000 + b"\n",
]


def test_wyoming_reads_no_event_that_is_malformed_or_too_large(program: Program) -> None:
    async def main() -> None:
        async with running(program) as port:
            for data in MALFORMED:
                async with AsyncTcpClient("127.0.0.1", port, read_timeout=60) as client:
                    assert client._writer is not None
                    client._writer.write(data)
                    assert await refusal(client) == "invalid_value", data[:80]

    asyncio.run(main())


@pytest.mark.parametrize(
    "start", [AudioStart(16000, 5, 1), AudioStart(16000, 2, 99), AudioStart(10**6, 2, 1)]
)
def test_formats_out_of_range_are_refused(program: Program, start: Eventable) -> None:
    async def talk(client: AsyncTcpClient) -> None:
        await client.write_event(start.event())
        assert await refusal(client) == "invalid_audio"

    with_client(program, talk)


def test_wyoming_limits_sound_connections_and_silence(program: Program) -> None:
    async def long(client: AsyncTcpClient) -> None:
        for _ in range(3):
            await client.write_event(AudioChunk(16000, 2, 1, bytes(32000)).event())
        assert await refusal(client) == "invalid_audio"

    with_client(program, long, Limits(duration=2.5))

    async def silent(client: AsyncTcpClient) -> None:
        assert await refusal(client) == "timeout"

    with_client(program, silent, Limits(silence=0.2))

    async def crowd() -> None:
        async with (
            running(program, Limits(clients=1)) as port,
            AsyncTcpClient("127.0.0.1", port, read_timeout=60) as first,
        ):
            await first.write_event(Ping().event())
            assert (await answer(first)).type == "pong"
            async with AsyncTcpClient("127.0.0.1", port, read_timeout=60) as second:
                assert await refusal(second) == "busy"
            await first.write_event(Ping().event())  # nobody else is disturbed
            assert (await answer(first)).type == "pong"

    asyncio.run(crowd())


def test_clients_that_leave_free_their_places(engine: Engines) -> None:
    async def main() -> None:
        program = Program({"tiny.en": engine()}, streams=True)
        async with running(program, Limits(clients=1)) as port:
            async with AsyncTcpClient("127.0.0.1", port) as client:
                await client.write_event(AudioChunk(16000, 2, 1, bytes(32000)).event())
            event = Event("error")
            while event.type == "error":  # until the server has seen the first one go
                async with AsyncTcpClient("127.0.0.1", port, read_timeout=60) as client:
                    await client.write_event(Ping().event())
                    event = await answer(client)
            assert event.type == "pong"

    asyncio.run(main())


@settings(max_examples=30, deadline=None)
@given(
    width=st.sampled_from([1, 2, 3, 4]),
    channels=st.integers(1, 3),
    rate=st.sampled_from([8000, 16000, 44100]),
    cuts=st.lists(st.integers(0, 3000), max_size=5),
)
def test_samples_do_not_depend_on_the_chunks(
    width: int, channels: int, rate: int, cuts: list[int]
) -> None:
    data = np.random.default_rng(0).bytes(3000)
    format = AudioFormat(rate, width, channels)

    def converted(edges: list[int]) -> np.ndarray[Any, Any]:
        sound = Sound(format, 60)
        pairs = zip([0, *edges], [*edges, len(data)], strict=True)
        return np.concatenate([*(sound.feed(format, data[a:b]) for a, b in pairs), sound.end()])

    whole, pieces = converted([]), converted(sorted(cuts))
    # The state of FFmpeg's resampler rounds differently at other cuts.
    np.testing.assert_allclose(pieces, whole, atol=1e-5)
    assert len(whole) == pytest.approx(3000 // (width * channels) * 16000 / rate, abs=20)


@pytest.mark.parametrize(
    ("width", "loudest"), [(1, b"\xff"), (2, b"\xff\x7f"), (3, b"\xff\xff\x7f")]
)
def test_every_width_has_the_same_scale(width: int, loudest: bytes) -> None:
    silence = b"\x80" if width == 1 else bytes(width)
    format = AudioFormat(16000, width, 1)
    assert Sound(format, 1).feed(format, loudest + silence) == pytest.approx([1, 0], abs=0.01)


def test_the_format_must_not_change() -> None:
    sound = Sound(AudioFormat(16000, 2, 1), 1)
    with pytest.raises(AudioError, match="changes"):
        sound.feed(AudioFormat(8000, 2, 1), b"")


def test_names_and_terms_are_hotwords_where_the_backend_takes_them(engine: Engines) -> None:
    request = Transcribe(transcript_names=["Ada"], transcript_terms=["boiler"], language="auto")
    assert call_options(request, engine()) == {"hotwords": "Ada, boiler"}
    assert call_options(request, engine("cpp")) == {}


@pytest.mark.parametrize(
    "uri", ["", "10300", "tcp://", "tcp://host", "udp://h:1", "tcp://h:99999", "tcp://h:1/x"]
)
def test_wrong_addresses_are_refused(uri: str) -> None:
    with pytest.raises(OptionError) as refused:
        Address.of(uri)
    assert with_flags(refused.value).startswith(f"--uri {uri!r}")


def test_the_announcement_names_the_server_and_its_address() -> None:
    record = announcement.service("Cellar no. 1", ["192.0.2.7"], 10300)
    assert record.type == "_wyoming._tcp.local."
    assert (record.get_name(), record.port) == ("Cellar no  1", 10300)
    assert record.parsed_addresses() == ["192.0.2.7"]
    assert announcement.own_addresses("192.0.2.7") == ["192.0.2.7"]


def test_uris_have_ipv6_addresses_in_brackets() -> None:
    assert Address.of("tcp://[::1]:0").uri(10300) == "tcp://[::1]:10300"
    assert Address.of("tcp://127.0.0.1:0").uri(10300) == "tcp://127.0.0.1:10300"


def test_an_announcement_is_checked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere = Address.of("tcp://0.0.0.0:10300")
    announcement.check("x" * 63, everywhere)
    for name, address in (
        ("", everywhere),
        ("x" * 64, everywhere),
        ("x", Address.of("tcp://localhost:10300")),
        ("x", Address.of("tcp://[::1]:10300")),
        ("x", Address.of("tcp://[::]:10300")),
    ):
        with pytest.raises(OptionError) as refused:
            announcement.check(name, address)
        assert with_flags(refused.value).startswith("--zeroconf")
    monkeypatch.setitem(sys.modules, "zeroconf", None)
    with pytest.raises(OptionError, match="zeroconf"):
        announcement.check("x", everywhere)


def test_the_command_serves_until_it_is_stopped() -> None:
    command = [sys.executable, "-m", "unispeech", "wyoming", "--model", "tiny.en"]
    process = subprocess.Popen(
        [*command, "--uri", "tcp://127.0.0.1:0"], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"tcp://127\.0\.0\.1:(\d+);", line)
        assert found, line
        taken = [*command, "--uri", f"tcp://127.0.0.1:{found[1]}"]
        second = subprocess.run(taken, capture_output=True, text=True, timeout=200)
        assert second.returncode == 1 and found[1] in second.stderr
        assert "Traceback" not in second.stderr

        async def describe() -> None:
            async with AsyncTcpClient("127.0.0.1", int(found[1]), read_timeout=60) as client:
                await client.write_event(Describe().event())
                assert (await answer(client)).type == "info"
                process.send_signal(signal.SIGTERM)  # with a client connected
                assert process.wait(60) == 0

        asyncio.run(describe())
    finally:
        process.kill()
        process.communicate()

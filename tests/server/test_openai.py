"""OpenAI's API, with the real OpenAI client."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import openai
import pytest

from support.samples import SAMPLES, reference, words
from support.serving import Server

ENGLISH = SAMPLES / "english.wav"
PAUSE = SAMPLES / "pause.wav"


@pytest.fixture(scope="module")
def client(service: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{service.url}/v1", api_key="any", max_retries=0) as client:
        yield client


def test_openai_json_and_the_request_id(client: openai.OpenAI) -> None:
    answer = client.audio.transcriptions.create(model="whisper-1", file=ENGLISH)
    assert words(answer.text) == words(reference("english"))
    assert answer.usage is not None and answer.usage.type == "duration"
    assert answer._request_id


@pytest.mark.parametrize(
    ("form", "begins"), [("text", "Good"), ("srt", "1\n00:00:0"), ("vtt", "WEBVTT\n\n")]
)
def test_openai_text_formats(client: openai.OpenAI, form: str, begins: str) -> None:
    text = client.audio.transcriptions.create(
        model="gpt-4o-transcribe",
        file=ENGLISH,
        response_format=form,  # type: ignore[call-overload]
    )
    assert isinstance(text, str) and text.startswith(begins) and "garden" in text


def test_openai_verbose_json_with_words(client: openai.OpenAI) -> None:
    answer = client.audio.transcriptions.create(
        model="tiny.en",
        file=PAUSE,
        response_format="verbose_json",
        timestamp_granularities=["word"],
    )
    assert answer.language == "english" and answer.segments is None and answer.words
    assert answer.words[0].word == "Please"
    assert 21 < float(answer.duration) < 22
    both = client.audio.transcriptions.create(
        model="tiny.en",
        file=PAUSE,
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert both.words and both.segments and both.segments[0].text.startswith(" Please")


def test_openai_stream_sends_deltas_and_the_whole_text(client: openai.OpenAI) -> None:
    events = list(
        client.audio.transcriptions.create(model="gpt-4o-mini-transcribe", file=PAUSE, stream=True)
    )
    deltas = [event.delta for event in events if event.type == "transcript.text.delta"]
    done = events[-1]
    assert done.type == "transcript.text.done"
    assert len(deltas) >= 2 and "".join(deltas) == done.text
    assert words(done.text) == words(reference("pause"))


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # translations, in the client
def test_openai_errors_raise_the_clients_exceptions(client: openai.OpenAI) -> None:
    def transcribe(**fields: object) -> None:
        client.audio.transcriptions.create(
            **{"model": "whisper-1", "file": ENGLISH, **fields}  # type: ignore[call-overload]
        )

    with pytest.raises(openai.NotFoundError) as caught:
        transcribe(model="someone/never-heard-of-it")
    assert caught.value.code == "model_not_found" and caught.value.param == "model"
    with pytest.raises(openai.NotFoundError):
        transcribe(model="/etc/passwd")
    with pytest.raises(openai.BadRequestError, match="response_format"):
        transcribe(response_format="docx")
    with pytest.raises(openai.BadRequestError, match="klingon"):
        transcribe(language="klingon")
    with pytest.raises(openai.BadRequestError, match="not audio"):
        transcribe(file=("notes.txt", b"these are words " * 100))
    with pytest.raises(openai.BadRequestError, match="translate"):
        client.audio.translations.create(model="whisper-1", file=ENGLISH)


def test_openai_rejects_duplicate_and_ambiguous_fields(http: httpx.Client) -> None:
    sound = ("a.wav", ENGLISH.read_bytes())

    def error(*more: tuple[str, tuple[str | None, bytes]]) -> tuple[str, str]:
        files = [("file", sound), ("model", (None, b"whisper-1")), *more]
        answer = http.post("/v1/audio/transcriptions", files=files)
        assert answer.status_code == 400, answer.text
        body = answer.json()["error"]
        assert body["type"] == "invalid_request_error" and body["code"] == "invalid_value"
        return body["param"], body["message"]

    assert error(("file", sound)) == ("file", "file is sent more than once; send it once")
    assert error(("model", (None, b"base")))[0] == "model"
    assert error(("stream", (None, b"maybe"))) == (
        "stream", "stream is 'maybe'; use true or false",
    )  # fmt: skip
    assert error(("chunking_strategy[pace]", (None, b"1")))[1].endswith("silence_duration_ms")
    huge = b'{"threshold": ' + b"9" * 400 + b"}"
    assert error(("chunking_strategy", (None, huge)))[0] == "chunking_strategy[threshold]"
    deep = b'{"threshold": ' + b"[" * 50_000
    assert error(("chunking_strategy", (None, deep)))[1].endswith("it is not JSON")


def test_openai_models(client: openai.OpenAI) -> None:
    ids = {model.id for model in client.models.list()}
    assert {"whisper-1", "tiny.en"} <= ids
    assert client.models.retrieve("tiny.en").id == "tiny.en"

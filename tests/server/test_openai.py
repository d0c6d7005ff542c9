"""OpenAI's API, with the real OpenAI client."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from pathlib import Path

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


def post(http: httpx.Client, **fields: str) -> httpx.Response:
    files = {"file": ("a.wav", ENGLISH.read_bytes())}
    return http.post("/v1/audio/transcriptions", files=files, data={"model": "whisper-1", **fields})


def test_fields_of_compatible_servers_are_honoured_or_reported(http: httpx.Client) -> None:
    answer = post(
        http, response_format="verbose_json", user="me", vad_filter="true", hotwords="garden",
        without_timestamps="true", task="transcribe", word_timestamps="true", ngram="no.arpa",
        language="en-GB",
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["words"] and body["segments"][0]["tokens"]
    # The server has no such n-gram, so that option is left out as well.
    assert answer.headers["x-unispeech-ignored"] == "user, without_timestamps, ngram"
    wrong = post(http, beam_size="wide").json()["error"]
    assert (wrong["code"], wrong["param"]) == ("invalid_value", "beam_size")
    odd = post(http, **{"na\r\nme": "x", "language": "klingon"})
    assert odd.status_code == 400


def test_granularities_without_verbose_json_have_no_effect(http: httpx.Client) -> None:
    answer = post(http, **{"timestamp_granularities[]": "word", "language": "auto"})
    assert answer.status_code == 200 and list(answer.json()) == ["text", "usage"]
    assert answer.headers["x-unispeech-ignored"] == "timestamp_granularities"


def test_a_large_file_without_a_name_is_a_file(http: httpx.Client, tmp_path: Path) -> None:
    with wave.open(str(ENGLISH)) as source, wave.open(str(tmp_path / "a.wav"), "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(source.readframes(source.getnframes()) + bytes(1_200_000))
    parts = {"file": (None, (tmp_path / "a.wav").read_bytes()), "model": (None, b"whisper-1")}
    answer = http.post("/v1/audio/transcriptions", files=parts)
    assert answer.status_code == 200 and words(answer.json()["text"]) == words(reference("english"))


def test_log_probabilities_are_those_of_the_words(
    client: openai.OpenAI, http: httpx.Client
) -> None:
    answer = client.audio.transcriptions.create(
        model="gpt-4o-transcribe", file=ENGLISH, include=["logprobs"]
    )
    assert answer.logprobs and "".join(str(p.token) for p in answer.logprobs).strip() == answer.text
    assert all(p.logprob is not None and -20 < p.logprob <= 0 for p in answer.logprobs)
    assert bytes(map(int, answer.logprobs[0].bytes or [])).decode() == answer.logprobs[0].token
    events = client.audio.transcriptions.create(
        model="whisper-1", file=ENGLISH, include=["logprobs"], stream=True
    )
    done = list(events)[-1]
    assert done.type == "transcript.text.done" and done.logprobs
    wrong = post(http, **{"include[]": "logprobs", "response_format": "srt"}).json()["error"]
    assert (wrong["code"], wrong["param"]) == ("invalid_value", "response_format")
    assert post(http, **{"include[]": "thoughts"}).json()["error"]["param"] == "include"


def test_stream_events_are_named(http: httpx.Client) -> None:
    lines = post(http, stream="true").text.splitlines()
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    bodies = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    assert names == [body["type"] for body in bodies] and names[-1] == "transcript.text.done"
    assert lines[-2] == "data: [DONE]"


def test_azures_client_works_with_a_deployment(service: Server) -> None:
    with openai.AzureOpenAI(
        azure_endpoint=service.url, api_key="any", api_version="2024-06-01", max_retries=0
    ) as azure:
        answer = azure.audio.transcriptions.create(model="whisper", file=ENGLISH)
        assert words(answer.text) == words(reference("english"))
        with pytest.raises(openai.NotFoundError):
            azure.audio.transcriptions.create(model="someone/else", file=ENGLISH)
    with openai.OpenAI(base_url=f"{service.url}/openai/v1", api_key="any") as v1:
        assert v1.audio.transcriptions.create(model="tiny.en", file=ENGLISH).text == answer.text


def test_openai_models(client: openai.OpenAI) -> None:
    ids = {model.id for model in client.models.list()}
    assert {"whisper-1", "tiny.en"} <= ids
    assert client.models.retrieve("tiny.en").id == "tiny.en"

"""The service as its clients see it: a real process, real weights, the real OpenAI client."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from conftest import SAMPLES, reference, words
from serving import Receiver, Server, running, until_ended

ENGLISH = SAMPLES / "english.wav"
PAUSE = SAMPLES / "pause.wav"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver(failures=1)
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with running(
        folder,
        allowed_webhooks_file=receiver.allow(folder),
        max_duration=60,
        max_upload=8_000_000,
        base_url="https://speech.example",
        cors_origins="https://desk.example",
    ) as server:
        yield server


@pytest.fixture(scope="module")
def http(server: Server) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        yield client


# OpenAI's dialect


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


def test_openai_stream_has_real_increments_and_the_whole_text(client: openai.OpenAI) -> None:
    events = list(
        client.audio.transcriptions.create(model="gpt-4o-mini-transcribe", file=PAUSE, stream=True)
    )
    deltas = [event.delta for event in events if event.type == "transcript.text.delta"]
    done = events[-1]
    assert done.type == "transcript.text.done"
    assert len(deltas) >= 2 and "".join(deltas) == done.text
    assert words(done.text) == words(reference("pause"))


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # translations, in the client
def test_openai_errors_are_the_clients_own(client: openai.OpenAI) -> None:
    def ask(**given: object) -> None:
        client.audio.transcriptions.create(
            **{"model": "whisper-1", "file": ENGLISH, **given}  # type: ignore[call-overload]
        )

    with pytest.raises(openai.NotFoundError) as caught:
        ask(model="someone/never-heard-of-it")
    assert caught.value.code == "model_not_found" and caught.value.param == "model"
    with pytest.raises(openai.NotFoundError):
        ask(model="/etc/passwd")
    with pytest.raises(openai.BadRequestError, match="response_format"):
        ask(response_format="docx")
    with pytest.raises(openai.BadRequestError, match="klingon"):
        ask(language="klingon")
    with pytest.raises(openai.BadRequestError, match="not audio"):
        ask(file=("notes.txt", b"these are words " * 100))
    with pytest.raises(openai.BadRequestError, match="translate"):
        client.audio.translations.create(model="whisper-1", file=ENGLISH)


def test_openai_refuses_what_it_would_otherwise_have_to_choose_from(http: httpx.Client) -> None:
    sound = ("a.wav", ENGLISH.read_bytes())

    def error(*more: tuple[str, tuple[str | None, bytes]]) -> tuple[str, str]:
        files = [("file", sound), ("model", (None, b"whisper-1")), *more]
        answer = http.post("/v1/audio/transcriptions", files=files)
        assert answer.status_code == 400, answer.text
        told = answer.json()["error"]
        assert told["type"] == "invalid_request_error" and told["code"] == "invalid_value"
        return told["param"], told["message"]

    assert error(("file", sound)) == ("file", "file is there more than once; send one of them")
    assert error(("model", (None, b"base")))[0] == "model"
    assert error(("stream", (None, b"maybe"))) == (
        "stream", "stream is 'maybe'; use true or false",
    )  # fmt: skip
    assert error(("chunking_strategy[pace]", (None, b"1")))[1].endswith("silence_duration_ms")


def test_openai_models(client: openai.OpenAI) -> None:
    ids = {model.id for model in client.models.list()}
    assert {"whisper-1", "tiny.en"} <= ids
    assert client.models.retrieve("tiny.en").id == "tiny.en"


# WAAS's dialect


def test_waas_from_upload_to_download_and_the_signed_webhook(
    http: httpx.Client, receiver: Receiver
) -> None:
    answer = http.post(
        "/v1/transcribe",
        params={"webhook_id": "desk", "language": "english", "filename": "caf%C3%A9 1.wav"},
        content=PAUSE.read_bytes(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 201
    job = answer.json()["job_id"]
    early = http.get(f"/v1/download/{job}")
    assert early.status_code == 425 and early.text == "Job not done yet"
    until_ended(http, job)
    shown = http.get(f"/v1/jobs/{job}").json()
    assert shown["status"] == "finished" and shown["enqueued_at"].endswith("GMT")
    assert shown["meta"]["uploaded_filename"] == "café 1.wav" and shown["args"] is None
    srt = http.get(f"/v1/download/{job}")
    assert srt.headers["content-disposition"] == 'attachment; filename="cafe_1_wav.srt"'
    assert srt.text.startswith("1\n00:00:0")
    assert http.get(f"/v1/download/{job}?output=vtt").text.startswith("WEBVTT\n\n")
    assert words(http.get(f"/v1/download/{job}?output=txt").text) == words(reference("pause"))
    assert http.get(f"/v1/download/{job}?output=timecode_txt").text == srt.text
    assert http.get(f"/v1/download/{job}?output=json").json()["language"] == "en"
    jojo = http.get(f"/v1/download/{job}?output=jojo").json()
    assert jojo["docVersion"] == "1.0" and jojo["segments"][1]["timeStart"] > 1000
    assert http.get(f"/v1/download/{job}?output=pdf").text == "Output not supported"

    receiver.wait(2)  # the first time it was answered 500
    (first, body), (second, same) = receiver.arrived[:2]
    assert body == same and first["Idempotency-Key"] == second["Idempotency-Key"]
    assert json.loads(body) == {
        "source": "waas",
        "job_id": job,
        "success": True,
        "url": f"https://speech.example/v1/download/{job}",
        "filename": "café 1.wav",
    }
    assert first["X-WAAS-Signature"] == hashlib.sha256(b"s3cret" + body).hexdigest()
    time, mac = (part.split("=")[1] for part in second["X-UniSpeech-Signature"].split(","))
    expected = hmac.new(b"s3cret", time.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(mac, expected)
    assert http.get("/v1/stats").json()["total_time_transcribed"] > 20


@pytest.mark.parametrize(
    ("query", "body", "status", "text"),
    [
        ("model=nope&language=xx", b"x", 400, "Model not available"),
        ("language=no&task=x", b"x", 400, "Language not supported"),
        ("task=x", b"", 400, "Task not supported"),
        ("", b"", 400, "No file uploaded"),
        ("email_callback=", b"x", 400, "No email_callback or webhook_callback_url set"),
        ("webhook_id=other", b"x", 405, '{"error":"Invalid webhook id"}'),
    ],
)
def test_waas_refuses_in_its_own_words_and_order(
    http: httpx.Client, query: str, body: bytes, status: int, text: str
) -> None:
    answer = http.post(f"/v1/transcribe?{query}", content=body)
    assert (answer.status_code, answer.text) == (status, text)


def test_waas_options_detect_queue_and_a_failed_job(http: httpx.Client) -> None:
    shown = http.options("/v1/transcribe").json()["queryParams"]
    assert set(shown) == {
        "model", "task", "languages", "email_callback", "webhook_id", "filename",
    }  # fmt: skip
    assert "norwegian" in shown["languages"]["options"] and shown["model"]["default"] == "tiny.en"
    assert http.options("/v1/download/x").json()["queryParams"]["output"]["default"] == "srt"
    assert list(http.options("/v1/detect").json()["queryParams"]) == ["model"]
    found = http.post("/v1/detect", content=ENGLISH.read_bytes())
    assert found.json() == {"detectedLanguage": "english", "languageCode": "en"}
    assert http.get("/v1/queue").json() == {"count": 0}
    bad = http.post("/v1/transcribe?webhook_id=desk", content=b"no sound").json()["job_id"]
    assert until_ended(http, bad)["state"] == "failed"
    answer = http.get(f"/v1/download/{bad}")
    assert (answer.status_code, answer.text) == (500, "Job failed")
    missing = http.get("/v1/download/7")
    assert (missing.status_code, missing.text) == (404, "No such job")
    assert http.get("/v1/jobs/7").status_code == 404


# whisper-asr-webservice's dialect


def test_asr(http: httpx.Client) -> None:
    files = {"audio_file": ("talk 1.wav", ENGLISH.read_bytes())}
    answer = http.post("/asr", params={"output": "srt", "language": "en"}, files=files)
    assert answer.headers["asr-engine"] == "faster"
    assert answer.headers["content-disposition"] == 'attachment; filename="talk%201.wav.srt"'
    assert answer.headers["content-type"].startswith("text/plain") and "garden" in answer.text
    whole = http.post("/asr?output=json&word_timestamps=true", files=files).json()
    assert whole["language"] == "en" and whole["segments"][0]["words"]
    raw = ENGLISH.read_bytes()[44:]  # the samples are 16 kHz mono already
    said = http.post("/asr?encode=false", files={"audio_file": ("x", raw)})
    assert words(said.text) == words(reference("english"))
    found = http.post("/detect-language", files=files).json()
    assert found == {"detected_language": "english", "language_code": "en", "confidence": 1.0}


# our own


def submit(http: httpx.Client, path: Path = PAUSE, **fields: str) -> str:
    with path.open("rb") as file:
        answer = http.post("/api/jobs", files={"file": (path.name, file)}, data=fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_job_from_upload_to_corrected_text(http: httpx.Client, server: Server) -> None:
    job = submit(http, word_timestamps="true", priority="1")
    kinds: list[str] = []
    with http.stream("GET", f"/api/jobs/{job}/events") as events:
        for line in events.iter_lines():
            if line.startswith("event: "):
                kinds.append(line[7:])
    assert kinds[0] == "state" and kinds.count("segment") >= 2 and "progress" in kinds
    with http.stream("GET", f"/api/jobs/{job}/events", headers={"Last-Event-ID": "1"}) as events:
        again = sum(line == "event: segment" for line in events.iter_lines())
    assert again == kinds.count("segment")
    shown = http.get(f"/api/jobs/{job}").json()
    assert shown["state"] == "done" and shown["done"] == shown["duration"]
    assert job in [one["id"] for one in http.get("/api/jobs?state=done").json()["jobs"]]
    whole = http.get(f"/api/jobs/{job}/transcript").json()
    assert whole["segments"][0]["words"]
    cut = http.get(f"/api/jobs/{job}/transcript?format=srt&max_words_per_line=3").text
    assert cut.count("-->") > 5
    heard = http.get(f"/api/jobs/{job}/audio", headers={"Range": "bytes=0-3"})
    assert (heard.status_code, heard.content) == (206, b"RIFF")

    segments = [{**whole["segments"][0], "text": " Corrected.", "words": []}]
    edited = http.put(
        f"/api/jobs/{job}/transcript", json={"segments": segments}, headers={"If-Match": "*"}
    )
    assert edited.status_code == 204
    assert http.get(f"/api/jobs/{job}/transcript?format=txt").text == "Corrected.\n"
    part = http.post(f"/api/jobs/{job}/ranges", json={"start": 14, "end": 22, "beam_size": 1})
    assert until_ended(http, part.json()["id"])["state"] == "done"
    mended = http.get(f"/api/jobs/{job}/transcript").json()
    assert mended["segments"][0]["text"] == " Corrected."
    rest = mended["segments"][1:]
    assert rest[0]["start"] > 14 and "bread" in "".join(segment["text"] for segment in rest)

    assert http.post(f"/api/jobs/{job}/retry").status_code == 202
    until_ended(http, job)
    text = http.get(f"/api/jobs/{job}/transcript?format=txt").text
    assert words(text) == words(reference("pause"))

    folder = server.folder / "data" / "jobs" / job
    assert folder.is_dir()
    gone = http.delete(f"/api/jobs/{job}").json()["deleted"]
    assert gone["recording"] == "pause.wav" and gone["ranges"] == 1 and gone["bytes"] > 600_000
    assert not folder.exists() and http.get(f"/api/jobs/{job}").status_code == 404


def test_job_is_refused_before_anything_is_queued(http: httpx.Client) -> None:
    def error(fields: dict[str, str], file: bool = True) -> str:
        files = {"file": ("a.wav", ENGLISH.read_bytes())} if file else {"x": ("x", b"")}
        answer = http.post("/api/jobs", files=files, data=fields)
        assert answer.status_code in (400, 404), answer.text
        return str(answer.json()["error"]["message"])

    assert "beam_size" in error({"beam_size": "none"})
    assert "nonsense" in error({"nonsense": "1"})
    assert "no model" in error({"model": "../secrets"})
    assert "either a file or a url" in error({}, file=False)
    assert "not at a public address" in error({"url": "http://127.0.0.1:1/"}, file=False)
    assert "not at a public address" in error({"url": "http://[::ffff:10.0.0.1]/"}, file=False)
    assert "http" in error({"url": "file:///etc/passwd"}, file=False)
    assert "list" in error({"webhook_id": "elsewhere"})


def test_limits_hold_whatever_the_headers_say(http: httpx.Client) -> None:
    def much() -> Iterator[bytes]:
        for _ in range(4000):
            yield bytes(65536)

    for path in ("/v1/transcribe?webhook_id=desk", "/v1/detect"):
        with contextlib.suppress(httpx.WriteError):  # it may hang up before we have read
            assert http.post(path, content=much()).status_code == 413
    files = {"file": ("long.wav", bytes(9_500_000))}
    answer = http.post("/v1/audio/transcriptions", files=files, data={"model": "whisper-1"})
    assert answer.status_code == 413 and answer.json()["error"]["code"] == "upload_too_large"


def test_a_small_file_that_is_hours_long_hits_the_duration_limit(
    http: httpx.Client, tmp_path: Path
) -> None:
    import numpy as np
    import soundfile

    bomb = tmp_path / "bomb.flac"
    soundfile.write(bomb, np.zeros(16_000 * 3600, np.int16), 16_000, subtype="PCM_16")
    assert bomb.stat().st_size < 1_000_000
    files = {"file": ("bomb.flac", bomb.read_bytes())}
    answer = http.post("/v1/audio/transcriptions", files=files, data={"model": "whisper-1"})
    assert answer.status_code == 413 and answer.json()["error"]["code"] == "audio_too_long"
    job = submit(http, bomb)
    shown = until_ended(http, job)
    assert shown["state"] == "failed" and "longer than 60 s" in shown["error"]


def test_what_is_too_large_is_answered(http: httpx.Client) -> None:
    long = http.get("/healthz", headers={"X-Long": "a" * 200_000})
    assert long.status_code == 431 and long.json()["error"]["code"] == "headers_too_large"
    with contextlib.suppress(httpx.WriteError):  # it may hang up before we have read
        document = http.put("/api/jobs/x/transcript", content=(bytes(1 << 20) for _ in range(40)))
        assert document.status_code == 413
        assert document.json()["error"]["message"] == "the body is larger than 33554432 bytes"
    assert http.get("/healthz").status_code == 200


def test_the_reference_loads_nothing_from_elsewhere(http: httpx.Client) -> None:
    page = http.get("/docs")
    assert "https://" not in page.text and "POST /v1/audio/transcriptions" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert http.get("/redoc").status_code == 404 and http.get("/openapi.json").json()["paths"]


def test_manners(http: httpx.Client, server: Server) -> None:
    answer = http.get("/healthz", headers={"X-Request-ID": "mine-1"})
    assert answer.headers["x-request-id"] == "mine-1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    origin = {"Origin": "https://desk.example"}
    assert http.get("/healthz", headers=origin).headers["access-control-allow-origin"]
    other = http.get("/healthz", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    http.get("/api/jobs/none")
    http.request("BREW", "/healthz")
    said = http.get("/metrics").text
    assert 'method="GET",route="/api/jobs/{job_id}",status="404"' in said
    assert 'method="other"' in said and "BREW" not in said
    for name in ("jobs_queued", "audio_seconds_total", "request_seconds_bucket", "jobs_total"):
        assert f"unispeech_{name}" in said
    assert http.get("/").status_code == 200 and http.get("/nothing").status_code == 404


def test_nothing_private_is_logged_or_answered(http: httpx.Client, server: Server) -> None:
    job = submit(http, ENGLISH, filename="../../secret name.wav", email="a.person@example.org")
    until_ended(http, job)
    shown = http.get(f"/api/jobs/{job}").text + http.get(f"/v1/jobs/{job}").text
    assert str(server.folder) not in shown and "a.person@" not in shown
    log = server.log.read_text()
    for private in ("garden", "secret name", "a.person@", "s3cret"):
        assert private not in log
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert any(line["message"] == "request" and line["request"] for line in lines)

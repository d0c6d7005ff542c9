"""APIs of WAAS and whisper-asr-webservice, as their clients use them."""

from __future__ import annotations

import hashlib
import hmac
import json

import httpx
import pytest

from support.samples import SAMPLES, reference, words
from support.serving import Receiver, until_ended
from unispeech.server.dialects.waas.routes import sanitized

ENGLISH = SAMPLES / "english.wav"
PAUSE = SAMPLES / "pause.wav"


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

    receiver.wait(2)  # the receiver answers the first attempt with 500
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
        (
            # `+` is a blank in a query: refused, since removing it gives another address.
            "email_callback=reader+news@example.org",
            b"x",
            400,
            "email_callback is not an e-mail address; write + as %2B in a URL",
        ),
        (
            "email_callback=%20a@example.org",
            b"x",
            400,
            "email_callback is not an e-mail address; write + as %2B in a URL",
        ),
        # Not encoded as a whole, so the percent sign belongs to the address.
        ("email_callback=a%2520b@example.org", b"", 400, "No file uploaded"),
        (
            "email_callback=a%252540example.org",
            b"x",
            400,
            "email_callback is not an e-mail address",
        ),
    ],  # fmt: skip
)
def test_waas_errors_have_its_messages_and_order(
    http: httpx.Client, query: str, body: bytes, status: int, text: str
) -> None:
    answer = http.post(f"/v1/transcribe?{query}", content=body)
    assert (answer.status_code, answer.text) == (status, text)


def test_waas_options_detection_queue_and_a_failed_job(http: httpx.Client) -> None:
    shown = http.options("/v1/transcribe").json()["queryParams"]
    assert set(shown) == {
        "model", "task", "languages", "email_callback", "webhook_id", "filename",
    }  # fmt: skip
    assert "norwegian" in shown["languages"]["options"] and shown["model"]["default"] == "tiny.en"
    assert http.options("/v1/download/x").json()["queryParams"]["output"]["default"] == "srt"
    assert list(http.options("/v1/detect").json()["queryParams"]) == ["model"]
    detected = http.post("/v1/detect", content=ENGLISH.read_bytes())
    assert detected.json() == {"detectedLanguage": "english", "languageCode": "en"}
    assert http.get("/v1/queue").json() == {"count": 0}
    bad = http.post("/v1/transcribe?webhook_id=desk", content=b"no sound").json()["job_id"]
    assert until_ended(http, bad)["state"] == "failed"
    answer = http.get(f"/v1/download/{bad}")
    assert (answer.status_code, answer.text) == (500, "Job failed")
    missing = http.get("/v1/download/7")
    assert (missing.status_code, missing.text) == (404, "No such job")
    assert http.get("/v1/jobs/7").status_code == 404


def test_waas_options_are_those_of_openai_whisper(http: httpx.Client) -> None:
    whisper = pytest.importorskip("whisper")
    from whisper import tokenizer

    shown = http.options("/v1/transcribe").json()["queryParams"]
    text = {"type": "string", "optional": True}
    assert shown == {
        "model": {
            "type": "enum", "options": whisper.available_models(), "optional": True,
            "default": "tiny.en",
        },
        "task": {
            "type": "enum", "options": ["translate", "transcribe"], "optional": True,
            "default": "transcribe",
        },
        "languages": {
            "type": "enum", "options": list(tokenizer.LANGUAGES.values()), "optional": True,
        },
        "email_callback": text,
        "webhook_id": text,
        "filename": {**text, "default": "untitled-transcription"},
    }  # fmt: skip


def test_waas_json_has_the_fields_of_openai_whisper(http: httpx.Client) -> None:
    job = http.post("/v1/transcribe?webhook_id=desk&language=auto", content=ENGLISH.read_bytes())
    id = job.json()["job_id"]
    early = http.get(f"/v1/jobs/{id}").json()["seconds_used"]
    assert early > 0
    until_ended(http, id)
    assert http.get(f"/v1/jobs/{id}").json()["seconds_used"] > early
    segment = http.get(f"/v1/download/{id}?output=json").json()["segments"][0]
    assert list(segment) == [
        "id", "seek", "start", "end", "text", "tokens", "temperature", "avg_logprob",
        "compression_ratio", "no_speech_prob",
    ]  # fmt: skip
    tokens = segment["tokens"]
    assert tokens and all(isinstance(token, int) and token < 50257 for token in tokens)


@pytest.mark.parametrize(
    ("filename", "written"),
    [
        ("test med blåbærsyltetøy og 🎉", "test_med_blabaersyltetoy_og_"),
        ("filename%20with%20encode", "filename_20with_20encode"),
        ("ÆÅØ", "AEAO"),
        ("北京", "BeiJing"),
        ("🎉", "_tada_"),
    ],
)
def test_waas_file_names_are_sanitized_as_in_waas(filename: str, written: str) -> None:
    assert sanitized(filename) == written


def test_asr_and_detect_language(http: httpx.Client) -> None:
    files = {"audio_file": ("talk 1.wav", ENGLISH.read_bytes())}
    answer = http.post("/asr", params={"output": "srt", "language": "auto"}, files=files)
    assert answer.headers["asr-engine"] == "faster"
    assert answer.headers["content-disposition"] == 'attachment; filename="talk%201.wav.srt"'
    assert answer.headers["content-type"].startswith("text/plain") and "garden" in answer.text
    whole = http.post("/asr?output=json&word_timestamps=true", files=files).json()
    assert whole["language"] == "en" and whole["segments"][0]["words"]
    raw = ENGLISH.read_bytes()[44:]  # after the header; the sample is 16 kHz mono
    answer = http.post("/asr?encode=false", files={"audio_file": ("x", raw)})
    assert words(answer.text) == words(reference("english"))
    detected = http.post("/detect-language", files=files).json()
    assert detected == {"detected_language": "english", "language_code": "en", "confidence": 1.0}

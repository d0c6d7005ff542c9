"""Jobs API, from an upload to an edited transcript."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from support.samples import SAMPLES, reference, words
from support.serving import Server, running, submit, until_ended
from support.small_mms import CLIPS, LID, MODEL, RUSSIAN
from unispeech.server.storage.database import Database

ENGLISH = SAMPLES / "english.wav"
PAUSE = SAMPLES / "pause.wav"
JSON = {"Content-Type": "application/json"}


def test_a_job_from_upload_to_edited_text(http: httpx.Client, service: Server) -> None:
    job = submit(http, PAUSE, word_timestamps="true", priority="1")
    kinds: list[str] = []
    with http.stream("GET", f"/api/jobs/{job}/events") as events:
        for line in events.iter_lines():
            if line.startswith("event: "):
                kinds.append(line[7:])
    assert kinds[0] == "state" and kinds.count("segment") >= 2 and "progress" in kinds
    with http.stream("GET", f"/api/jobs/{job}/events", headers={"Last-Event-ID": "1"}) as events:
        repeated = sum(line == "event: segment" for line in events.iter_lines())
    assert repeated == kinds.count("segment")
    shown = http.get(f"/api/jobs/{job}").json()
    assert shown["state"] == "done" and shown["done"] == shown["duration"]
    assert job in [done["id"] for done in http.get("/api/jobs?state=done").json()["jobs"]]
    whole = http.get(f"/api/jobs/{job}/transcript").json()
    assert whole["segments"][0]["words"]
    cut = http.get(f"/api/jobs/{job}/transcript?format=srt&max_words_per_line=3").text
    assert cut.count("-->") > 5
    start = http.get(f"/api/jobs/{job}/audio", headers={"Range": "bytes=0-3"})
    assert (start.status_code, start.content) == (206, b"RIFF")

    segments = [{**whole["segments"][0], "text": " Corrected.", "words": []}]
    edited = http.put(
        f"/api/jobs/{job}/transcript", json={"segments": segments}, headers={"If-Match": "*"}
    )
    assert edited.status_code == 204
    assert http.get(f"/api/jobs/{job}/transcript?format=txt").text == "Corrected.\n"
    part = http.post(f"/api/jobs/{job}/ranges", json={"start": 14, "end": 22, "beam_size": 1})
    assert until_ended(http, part.json()["id"])["state"] == "done"
    merged = http.get(f"/api/jobs/{job}/transcript").json()
    assert merged["segments"][0]["text"] == " Corrected."
    rest = merged["segments"][1:]
    assert rest[0]["start"] > 14 and "bread" in "".join(segment["text"] for segment in rest)

    assert http.post(f"/api/jobs/{job}/retry").status_code == 202
    until_ended(http, job)
    text = http.get(f"/api/jobs/{job}/transcript?format=txt").text
    assert words(text) == words(reference("pause"))

    folder = service.folder / "data" / "jobs" / job
    (folder / "gone.wav").symlink_to("nowhere")  # as a file that a worker removes meanwhile
    assert http.get(f"/api/jobs/{job}").json()["holds"]["bytes"] > 1000
    assert folder.is_dir()
    deleted = http.delete(f"/api/jobs/{job}").json()["deleted"]
    assert deleted["recording"] == "pause.wav" and deleted["ranges"] == 1
    assert deleted["bytes"] > 600_000
    assert not folder.exists() and http.get(f"/api/jobs/{job}").status_code == 404


def test_a_malformed_job_is_rejected_before_it_is_queued(http: httpx.Client) -> None:
    def error(fields: dict[str, str], file: bool = True, status: int = 400) -> str:
        files = {"file": ("a.wav", ENGLISH.read_bytes())} if file else {"x": ("x", b"")}
        answer = http.post("/api/jobs", files=files, data=fields)
        assert answer.status_code == status, answer.text
        return str(answer.json()["error"]["message"])

    assert "beam_size" in error({"beam_size": "none"})
    assert "nonsense" in error({"nonsense": "1"})
    assert "../secrets" in error({"model": "../secrets"}, status=404)
    assert "exactly one of file, upload and url" in error({}, file=False)
    assert "not at a public address" in error({"url": "http://127.0.0.1:1/"}, file=False)
    assert "not at a public address" in error({"url": "http://[::ffff:10.0.0.1]/"}, file=False)
    assert "http" in error({"url": "file:///etc/passwd"}, file=False)
    assert "list" in error({"webhook_id": "elsewhere"})


@pytest.mark.slow
def test_a_cancelled_job_ends_and_can_be_retried(http: httpx.Client) -> None:
    jobs = [submit(http, PAUSE) for _ in range(3)]
    last = jobs[-1]
    assert http.post(f"/api/jobs/{last}/cancel").status_code == 202
    assert until_ended(http, last)["state"] == "cancelled"
    answer = http.get(f"/v1/download/{last}")
    assert (answer.status_code, answer.text) == (400, "Job canceled")
    assert http.get(f"/api/jobs/{last}/transcript").status_code == 409
    assert http.post(f"/api/jobs/{last}/retry").status_code == 202
    assert {until_ended(http, job)["state"] for job in jobs} == {"done"}


def test_a_stored_job_with_the_old_name_of_an_option_runs_and_is_shown(
    http: httpx.Client, service: Server
) -> None:
    job = submit(http, CLIPS / RUSSIAN[0])
    until_ended(http, job)
    options = {"detect_language": str(LID)}
    database = Database(f"sqlite:///{service.folder / 'data' / 'unispeech.sqlite'}")
    database.change(job, backend="mms", model=str(MODEL), options=json.dumps(options))
    database.close()
    assert http.post(f"/api/jobs/{job}/retry").status_code == 202
    shown = until_ended(http, job)
    assert (shown["state"], shown["options"]) == ("done", options), shown["error"]
    assert http.get(f"/api/jobs/{job}/transcript").json()["language"] == "rus"


def test_a_range_with_a_language_does_not_inherit_language_detection(http: httpx.Client) -> None:
    """For a recording in several languages, in which the wrong one was detected."""
    job = submit(http, ENGLISH, language_per_chunk="true")
    assert until_ended(http, job)["state"] == "done"
    range = {"start": 0, "end": 4, "apply": False}
    same = http.post(f"/api/jobs/{job}/ranges", json=range).json()
    assert same["options"] == {"language_per_chunk": True}
    detected = http.post(f"/api/jobs/{job}/ranges", json={**range, "language": "auto"}).json()
    assert detected["options"] == {"language_per_chunk": True}
    english = http.post(f"/api/jobs/{job}/ranges", json={**range, "language": "en"}).json()
    assert english["options"] == {"language": "en"}


def test_an_empty_range_is_rejected(http: httpx.Client) -> None:
    job = submit(http, ENGLISH)
    end = until_ended(http, job)["duration"]
    for start in (1.0, end - 0.00001):
        range = {"start": start, "end": start + 0.00001}
        answer = http.post(f"/api/jobs/{job}/ranges", json=range)
        assert answer.status_code == 400 and "0.01 s" in answer.text


def test_errors_name_fields_as_the_caller_wrote_them(http: httpx.Client) -> None:
    def error(**fields: str) -> tuple[str, str]:
        files = {"file": ("a.wav", ENGLISH.read_bytes())}
        answer = http.post("/api/jobs", files=files, data=fields)
        assert answer.status_code == 400, answer.text
        body = answer.json()["error"]
        assert body["code"] == "invalid_value"
        return body["param"], body["message"]

    expected = ("min_speakers", "min_speakers: needs speakers=true")
    assert error(min_speakers="2") == error(min_speakers="2", speakers="false") == expected
    assert error(beamsize="2") == (
        "beamsize", "field 'beamsize' is unknown; did you mean 'beam_size'?",
    )  # fmt: skip
    assert error(batch_size="1000")[1] == "batch_size is 1000; the limit of this server is 16"
    assert error(email="a@b\x00c")[1] == "email: not an e-mail address"
    checked = http.post("/api/check", json={"max_speakers": 2}).json()
    assert (checked["param"], checked["ok"]) == ("max_speakers", False)
    for name in ("model", "backend"):
        assert http.post("/api/check", json={name: "nope"}).json()["param"] == name
    malformed = '{"model": 5, "\\ud800": 1}'
    assert http.post("/api/check", content=malformed, headers=JSON).json()["ok"] is False
    answer = http.post("/asr?min_speakers=2", files={"audio_file": ENGLISH.read_bytes()})
    assert answer.json()["detail"].startswith("min_speakers")


@pytest.mark.slow
def test_a_full_queue_answers_429_with_retry_after(tmp_path: Path) -> None:
    with running(tmp_path, jobs_at_once=0, queue_size=2) as full, full.client() as http:
        answers = []
        for _ in range(3):
            files = {"file": ("a.wav", ENGLISH.read_bytes())}
            answers.append(http.post("/api/jobs", files=files))
        assert [answer.status_code for answer in answers] == [201, 201, 429]
        assert int(answers[2].headers["retry-after"]) > 0
        first, second = (
            http.get(f"/api/jobs/{answer.json()['id']}").json() for answer in answers[:2]
        )
        assert (first["position"], second["position"]) == (0, 1)
        assert http.get("/v1/queue").json() == {"count": 2}
        assert http.post("/v1/transcribe?email_callback=a@b.c", content=b"x").status_code == 429

"""Our own jobs API, from an upload to a corrected text."""

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


def test_job_from_upload_to_corrected_text(http: httpx.Client, service: Server) -> None:
    job = submit(http, PAUSE, word_timestamps="true", priority="1")
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

    folder = service.folder / "data" / "jobs" / job
    assert folder.is_dir()
    gone = http.delete(f"/api/jobs/{job}").json()["deleted"]
    assert gone["recording"] == "pause.wav" and gone["ranges"] == 1 and gone["bytes"] > 600_000
    assert not folder.exists() and http.get(f"/api/jobs/{job}").status_code == 404


def test_job_is_refused_before_anything_is_queued(http: httpx.Client) -> None:
    def error(fields: dict[str, str], file: bool = True, status: int = 400) -> str:
        files = {"file": ("a.wav", ENGLISH.read_bytes())} if file else {"x": ("x", b"")}
        answer = http.post("/api/jobs", files=files, data=fields)
        assert answer.status_code == status, answer.text
        return str(answer.json()["error"]["message"])

    assert "beam_size" in error({"beam_size": "none"})
    assert "nonsense" in error({"nonsense": "1"})
    assert "../secrets" in error({"model": "../secrets"}, status=404)
    assert "either a file or a url" in error({}, file=False)
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


def test_a_stretch_whose_language_is_named_does_without_detection(http: httpx.Client) -> None:
    """Of a recording in several languages, where the wrong one was detected there."""
    job = submit(http, ENGLISH, language_per_chunk="true")
    assert until_ended(http, job)["state"] == "done"
    asked = {"start": 0, "end": 4, "apply": False}
    kept = http.post(f"/api/jobs/{job}/ranges", json=asked).json()
    assert kept["options"] == {"language_per_chunk": True}
    named = http.post(f"/api/jobs/{job}/ranges", json={**asked, "language": "en"}).json()
    assert named["options"] == {"language": "en"}


def test_a_range_without_sound_is_refused(http: httpx.Client) -> None:
    job = submit(http, ENGLISH)
    end = until_ended(http, job)["duration"]
    for start in (1.0, end - 0.00001):
        asked = {"start": start, "end": start + 0.00001}
        answer = http.post(f"/api/jobs/{job}/ranges", json=asked)
        assert answer.status_code == 400 and "0.01 s" in answer.text


def test_what_is_wrong_is_called_what_the_caller_called_it(http: httpx.Client) -> None:
    def told(**fields: str) -> tuple[str, str]:
        files = {"file": ("a.wav", ENGLISH.read_bytes())}
        answer = http.post("/api/jobs", files=files, data=fields)
        assert answer.status_code == 400, answer.text
        error = answer.json()["error"]
        assert error["code"] == "invalid_value"
        return error["param"], error["message"]

    alone = ("min_speakers", "min_speakers: needs speakers=true")
    assert told(min_speakers="2") == told(min_speakers="2", speakers="false") == alone
    assert told(beamsize="2") == (
        "beamsize", "field 'beamsize' is unknown; did you mean 'beam_size'?",
    )  # fmt: skip
    assert told(batch_size="1000")[1] == "batch_size is 1000; the limit of this server is 16"
    assert told(email="a@b\x00c")[1] == "email: not an e-mail address"
    checked = http.post("/api/check", json={"max_speakers": 2}).json()
    assert (checked["param"], checked["ok"]) == ("max_speakers", False)
    for name in ("model", "backend"):
        assert http.post("/api/check", json={name: "nope"}).json()["param"] == name
    odd = '{"model": 5, "\\ud800": 1}'
    assert http.post("/api/check", content=odd, headers=JSON).json()["ok"] is False
    asked = http.post("/asr?min_speakers=2", files={"audio_file": ENGLISH.read_bytes()})
    assert asked.json()["detail"] == "min_speakers without diarize=True; give both"


@pytest.mark.slow
def test_a_full_queue_says_when_to_come_back(tmp_path: Path) -> None:
    with running(tmp_path, jobs_at_once=0, queue_size=2) as full, full.client() as http:
        answers = []
        for _ in range(3):
            files = {"file": ("a.wav", ENGLISH.read_bytes())}
            answers.append(http.post("/api/jobs", files=files))
        assert [answer.status_code for answer in answers] == [201, 201, 429]
        assert int(answers[2].headers["retry-after"]) > 0
        first, second = (http.get(f"/api/jobs/{a.json()['id']}").json() for a in answers[:2])
        assert (first["position"], second["position"]) == (0, 1)
        assert http.get("/v1/queue").json() == {"count": 2}
        assert http.post("/v1/transcribe?email_callback=a@b.c", content=b"x").status_code == 429

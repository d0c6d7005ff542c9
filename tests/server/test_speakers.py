"""Diarization through every API of the service.

The real weights are gated, so a pipeline of RANDOM weights stands in (`random_diarization.py`). Its
speakers are arbitrary, and no test here is about their accuracy.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import openai
import pytest

from support.samples import SAMPLES, reference, words
from support.serving import Server, running, until_ended
from unispeech.server.dialects.openai.render import diarized, lettering
from unispeech.types import Segment, Transcript

PAUSE = SAMPLES / "pause.wav"


def test_speakers_are_lettered_in_order_of_appearance() -> None:
    letter = lettering()
    names = ["SPEAKER_02", "SPEAKER_00", "SPEAKER_02", "Ada"]
    assert [letter(name) for name in names] == ["A", "B", "A", "C"]
    many = lettering()
    letters = [many(str(number)) for number in range(704)]
    assert letters[25:28] == ["Z", "AA", "AB"] and letters[701:] == ["ZZ", "AAA", "AAB"]
    silent = Transcript("x", "en", 3.0, (Segment(0, 0.0, 1.0, " x"),), "faster", "base")
    assert [segment["speaker"] for segment in diarized(silent)["segments"]] == ["A"]


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without pyannote.audio."""
    folder = tmp_path_factory.mktemp("without")
    with running(folder, env_dir=folder / "none") as server:
        yield server


def test_a_server_without_diarization_rejects_it_before_decoding(without: Server) -> None:
    with (
        openai.OpenAI(base_url=f"{without.url}/v1", api_key="x", max_retries=0) as client,
        pytest.raises(openai.BadRequestError, match="cannot identify speakers") as caught,
    ):
        client.audio.transcriptions.create(
            model="gpt-4o-transcribe-diarize", file=PAUSE, response_format="diarized_json"
        )
    assert caught.value.code == "diarization_unavailable"
    assert caught.value.param == "response_format"
    assert "unispeech backends install whisperx" in caught.value.message
    with without.client() as http:
        files = {"audio_file": PAUSE.read_bytes(), "file": PAUSE.read_bytes()}
        refused = http.post("/asr?diarize=true", files={"audio_file": files["audio_file"]})
        assert refused.status_code == 400 and "speakers" in refused.json()["detail"]
        job = http.post("/api/jobs", files={"file": files["file"]}, data={"speakers": "true"})
        assert job.status_code == 400
        error = job.json()["error"]
        assert (error["param"], error["code"]) == ("speakers", "diarization_unavailable")
        check = http.post("/api/check", json={"speakers": True}).json()
        assert not check["ok"] and check["param"] == "speakers"
        options = http.get("/api/info").json()["backends"][0]["options"]
        assert not options["speakers"]["allowed"] and "install" in options["speakers"]["reason"]
        assert "gpt-4o-transcribe-diarize" not in http.get("/v1/models").text


@contextmanager
def locked_hub() -> Iterator[tuple[str, list[str]]]:
    """Yield the URL of a Hub that rejects all downloads, and the paths requested from it."""
    paths: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(401)
            self.send_header("X-Error-Code", "GatedRepo")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    hub = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{hub.server_port}", paths
    hub.shutdown()
    hub.server_close()


@pytest.mark.slow
def test_gated_weights_are_requested_from_the_hub_once(
    tmp_path: Path, random_pipeline: Path
) -> None:
    """pyannote.audio is installed (`random_pipeline` is made with it), its weights are not."""
    with locked_hub() as (address, paths):
        server = Server(tmp_path)
        server.environment |= {
            "HF_ENDPOINT": address, "HF_HOME": str(tmp_path), "NO_PROXY": "127.0.0.1",
            "HF_HUB_OFFLINE": "0", "HF_TOKEN": "",
        }  # fmt: skip
        try:
            with server.start().client() as http:
                files = {"audio_file": PAUSE.read_bytes()}
                answers = [http.post("/asr?diarize=true", files=files)]
                first = len(paths)
                answers += [http.post("/asr?diarize=true", files=files) for _ in range(2)]
                assert {answer.status_code for answer in answers} == {400}
                assert "cannot identify speakers" in answers[0].json()["detail"]
                assert len({answer.text for answer in answers}) == 1
        finally:
            server.stop()
    assert len(paths) == first > 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, random_pipeline: Path) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("speakers"), diarize_model=random_pipeline) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="x", max_retries=0) as client:
        yield client


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_diarized_json_with_the_openai_client(client: openai.OpenAI) -> None:
    answer = client.audio.transcriptions.create(
        model="gpt-4o-transcribe-diarize",
        file=PAUSE,
        response_format="diarized_json",
        chunking_strategy="auto",
    )
    assert answer.task == "transcribe" and 21 < answer.duration < 22
    assert words(answer.text) == words(reference("pause"))
    assert "".join(segment.text for segment in answer.segments).strip() == answer.text
    assert answer.segments[0].speaker == "A" and answer.segments[0].id == "seg_0"
    assert {segment.type for segment in answer.segments} == {"transcript.text.segment"}
    assert answer.usage is not None and answer.usage.type == "duration"
    assert "gpt-4o-transcribe-diarize" in {model.id for model in client.models.list()}

    events = list(
        client.audio.transcriptions.create(
            model="gpt-4o-transcribe-diarize",
            file=PAUSE,
            response_format="diarized_json",
            chunking_strategy={"type": "server_vad", "silence_duration_ms": 160},
            stream=True,
        )
    )
    streamed = [event for event in events if event.type == "transcript.text.segment"]
    assert [(event.text, event.speaker) for event in streamed] == [
        (segment.text, segment.speaker) for segment in answer.segments
    ]
    done = events[-1]
    assert done.type == "transcript.text.done" and done.text == answer.text


@pytest.mark.slow
def test_known_speakers_are_rejected_as_unsupported(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="does not recognise them") as names:
        client.audio.transcriptions.create(
            model="gpt-4o-transcribe-diarize",
            file=PAUSE,
            response_format="diarized_json",
            known_speaker_names=["Ada"],
        )
    with pytest.raises(openai.BadRequestError, match="does not recognise them") as references:
        client.audio.transcriptions.create(
            model="gpt-4o-transcribe-diarize",
            file=PAUSE,
            response_format="diarized_json",
            known_speaker_references=["data:audio/wav;base64,UklGRg=="],
        )
    assert names.value.param == "known_speaker_names"
    assert references.value.param == "known_speaker_references"


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_asr_and_jobs_diarize(server: Server) -> None:
    with server.client() as http:
        _asr(http)
        job = _job(http)
        whole = http.get(f"/api/jobs/{job}/transcript").json()
        names = {segment["speaker"] for segment in whole["segments"]}
        assert names and all(name.startswith("SPEAKER_") for name in names)
        assert whole["turns"][0]["speaker"].startswith("SPEAKER_")
        # A range that is decoded again keeps its speakers.
        renamed = [{**segment, "speaker": "Ada"} for segment in whole["segments"]]
        put = {"segments": renamed}
        http.put(f"/api/jobs/{job}/transcript", json=put, headers={"If-Match": "*"})
        part = http.post(f"/api/jobs/{job}/ranges", json={"start": 14, "end": 22}).json()
        assert until_ended(http, part["id"])["state"] == "done"
        segments = http.get(f"/api/jobs/{job}/transcript").json()["segments"]
        assert {segment["speaker"] for segment in segments} == {"Ada"}


def _asr(http: httpx.Client) -> None:
    files = {"audio_file": ("pause.wav", PAUSE.read_bytes())}
    query = {"diarize": "true", "min_speakers": "2", "max_speakers": "2", "output": "json"}
    whole = http.post("/asr", params=query, files=files).json()
    assert all(segment["speaker"].startswith("SPEAKER_") for segment in whole["segments"])
    text = http.post("/asr?diarize=true&output=srt", files=files).text
    assert "[SPEAKER_0" in text
    wrong = http.post("/asr?diarize=true&min_speakers=3&max_speakers=2", files=files)
    assert wrong.status_code == 400 and "min_speakers 3" in wrong.json()["detail"]


def _job(http: httpx.Client) -> str:
    fields = {"speakers": "true", "max_speakers": "2"}
    files = {"file": ("pause.wav", PAUSE.read_bytes())}
    job = http.post("/api/jobs", files=files, data=fields).raise_for_status().json()
    assert job["options"] == {"speakers": True, "max_speakers": 2}
    ended = until_ended(http, job["id"], 300)
    assert ended["state"] == "done" and ended["done"] == ended["duration"]
    assert http.get("/api/info").json()["backends"][0]["options"]["speakers"]["allowed"]
    assert http.post("/api/check", json={"speakers": True, "max_speakers": 2}).json()["ok"]
    return str(job["id"])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_job_whose_diarization_fails_is_done_with_a_warning(
    tmp_path: Path, random_pipeline: Path
) -> None:
    damaged = shutil.copytree(random_pipeline, tmp_path / "pipeline")
    for weights in damaged.glob("segmentation/*.bin"):
        weights.write_bytes(weights.read_bytes()[:1000])
    with running(tmp_path, diarize_model=damaged) as server, server.client() as http:
        files = {"file": ("pause.wav", PAUSE.read_bytes())}
        job = http.post("/api/jobs", files=files, data={"speakers": "true"}).json()
        ended = until_ended(http, job["id"], 300)
        assert ended["state"] == "done" and ended["error"] is None
        (warning,) = http.get(f"/api/jobs/{job['id']}").json()["warnings"]
        assert str(tmp_path) not in warning and "pipeline" in warning
        transcript = http.get(f"/api/jobs/{job['id']}/transcript").json()
        assert transcript["warnings"] == [warning]
        text = "".join(segment["text"] for segment in transcript["segments"])
        assert words(text) == words(reference("pause"))

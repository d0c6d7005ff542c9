"""SageMaker's contract: bodies and answers, and the Dockerfile's stage by a stand-in for AWS."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from click.testing import CliRunner

from support.sagemaker_stand_in import Endpoint, endpoint
from support.samples import SAMPLES, reference, words
from support.small_mms import CLIPS, ENGLISH, MODEL, TEXTS
from unispeech.audio.recording import load
from unispeech.cli import cli
from unispeech.server.dialects.sagemaker import attributes, samples_of, wishes_of
from unispeech.server.http.error_responses import RequestError

RECORDING = SAMPLES / "english.wav"


@pytest.mark.parametrize(
    "value",
    [
        [0.5, -0.25],
        "[0.5, -0.25]",
        [[0.5, -0.25]],
        [[0.75, -0.5], [0.25, 0.0]],
        [16384, -8192],
    ],
)
def test_samples_arrive_as_lists_texts_channels_or_integers(value: Any) -> None:
    assert samples_of(value).tolist() == [0.5, -0.25]


@pytest.mark.parametrize(
    "value", [[], {}, "x", "[", [[1], [1, 2]], [float("nan")], [5.5], [40000], ["a"], [[[0.1]]], 3]
)
def test_other_values_are_not_samples(value: Any) -> None:
    with pytest.raises(RequestError) as refused:
        samples_of(value)
    assert refused.value.param == "speech_array"


def test_options_are_those_of_the_pipeline() -> None:
    wishes = wishes_of(
        {"return_timestamps": "word", "chunk_length_s": 30,
         "generate_kwargs": {"language": "<|de|>", "num_beams": 2}}
    )  # fmt: skip
    assert (wishes.timestamps, wishes.values["language"]) == ("word", "<|de|>")
    assert wishes.ignored == ("chunk_length_s", "generate_kwargs.num_beams")
    wishes = attributes("trace-id=1, task=translate;return_timestamps=true")
    assert (wishes.timestamps, wishes.values["task"]) == ("segment", "translate")
    assert wishes.ignored == ("trace-id",)
    with pytest.raises(RequestError):
        _ = attributes("return_timestamps=char").timestamps


@pytest.mark.slow
def test_an_ordinary_server_answers_invocations(http: httpx.Client) -> None:
    assert http.get("/ping").status_code == 200
    recording = RECORDING.read_bytes()
    header = {"X-Amzn-SageMaker-Custom-Attributes": "return_timestamps=true,trace=1"}
    response = http.post(
        "/invocations", content=recording, headers={"Content-Type": "audio/x-audio", **header}
    )
    answer = response.raise_for_status().json()
    assert words(answer["text"]) == words(reference("english"))
    start, end = answer["chunks"][-1]["timestamp"]
    assert 0 <= start < end < 11
    assert response.headers["X-UniSpeech-Ignored"] == "trace"
    inputs = {"inputs": base64.b64encode(recording).decode(),
              "parameters": {"return_timestamps": "word"}}  # fmt: skip
    answer = http.post("/invocations", json=inputs).raise_for_status().json()
    assert words(answer["chunks"][0]["text"]) == words(reference("english"))[:1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "empty"),
        (b"not audio", "recording"),
        (b"{", "JSON"),
        (b"{}", "speech_array"),
        (b'{"inputs": "*"}', "base64"),
        (b'{"speech_array": [0.1]}', "sampling_rate"),
        (b'{"speech_array": [0.1], "sampling_rate": 5}', "5 Hz"),
        (b'{"speech_array": [9.5], "sampling_rate": 16000}', "9.5"),
        (b'{"inputs": "AAAA", "parameters": {"generate_kwargs": {"task": "sing"}}}', "sing"),
        (b'{"inputs": "AAAA", "parameters": {"generate_kwargs": {"language": "xx"}}}', "xx"),
    ],
)
def test_malformed_invocations_are_errors_of_one_line(
    http: httpx.Client, body: bytes, named: str
) -> None:
    kind = "application/json" if body.startswith(b"{") else "audio/wav"
    response = http.post("/invocations", content=body, headers={"Content-Type": kind})
    assert response.status_code == 400
    assert named in response.json()["error"]
    assert "\n" not in response.json()["error"]


@pytest.mark.slow
def test_forms_are_refused_by_their_content_type(http: httpx.Client) -> None:
    with RECORDING.open("rb") as file:
        response = http.post("/invocations", files={"file": file})
    assert response.status_code == 400
    assert "multipart/form-data" in response.json()["error"]


@pytest.fixture(scope="module")
def fine_tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `save_pretrained` writes it."""
    folder = tmp_path_factory.mktemp("weights") / "model"
    done = CliRunner().invoke(cli, ["models", "convert", "tiny.en", str(folder), "--to", "hf"])
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def whisper(fine_tuned: Path, tmp_path: Path) -> Iterator[Endpoint]:
    with endpoint(fine_tuned, tmp_path) as running:
        yield running


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_fine_tune_of_whisper_keeps_the_contract(whisper: Endpoint) -> None:
    status, answer = whisper.invoke(RECORDING.read_bytes(), "audio/wav")
    assert status == 200 and set(answer) == {"text"}
    assert words(str(answer["text"])) == words(reference("english"))
    samples = np.round(load(RECORDING), 5).tolist()
    body = json.dumps({"speech_array": samples, "sampling_rate": 16000}).encode()
    assert whisper.invoke(body, "application/json") == (200, answer)
    assert whisper.invoke(b"not audio", "audio/wav")[0] == 400


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_fine_tune_of_wav2vec2_keeps_the_contract(tmp_path: Path) -> None:
    """With adapters, as MMS; the model's owner names the backend."""
    name = ENGLISH[0]
    samples = load(CLIPS / name).tolist()
    body = json.dumps(
        {"speech_array": json.dumps(samples), "sampling_rate": 16000,
         "parameters": {"generate_kwargs": {"language": "eng"}}}
    ).encode()  # fmt: skip
    with endpoint(MODEL, tmp_path, UNISPEECH_BACKEND="mms") as running:
        assert running.invoke(body, "application/json") == (200, {"text": TEXTS[name]})

"""The examples for LangChain, transformers' pipeline and Gradio, with those libraries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from support.samples import ROOT, SAMPLES, reference, words
from support.serving import free_port
from unispeech import AudioError, AudioNotFound, Engine
from unispeech.audio.recording import load
from unispeech.cli import cli

FOLDER = ROOT / "examples" / "integrations"
ENGLISH, PAUSE = SAMPLES / "english.wav", SAMPLES / "pause.wav"
pytestmark = pytest.mark.slow


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """A function that imports an example."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return import_module


def test_the_loader_returns_documents_with_times(
    example: Callable[[str], Any], engine: Callable[..., Engine], tmp_path: Path
) -> None:
    loader = example("langchain_loader").SpeechLoader
    documents = loader(engine(), [PAUSE, ENGLISH]).load()
    first = [document for document in documents if document.metadata["source"] == str(PAUSE)]
    assert words(" ".join(d.page_content for d in first)) == words(reference("pause"))
    assert len(first) > 1 and documents[: len(first)] == first
    for document in documents:
        assert 0 <= document.metadata["start"] < document.metadata["end"]
    bad = tmp_path / "notes.wav"
    bad.write_text("no sound")
    (whole,) = loader(engine(), [bad, ENGLISH], per="recording", skip_failed=True).load()
    assert words(whole.page_content) == words(reference("english"))
    assert whole.metadata["language"] == "en"
    with pytest.raises(AudioError):
        loader(engine(), [bad]).load()


@pytest.mark.filterwarnings("ignore")  # of transformers and torch
def test_the_pipeline_answers_in_the_form_of_the_real_one(
    example: Callable[[str], Any], tmp_path: Path
) -> None:
    import transformers

    weights = tmp_path / "weights"
    done = CliRunner().invoke(cli, ["models", "convert", "tiny.en", str(weights), "--to", "hf"])
    assert done.exit_code == 0, done.output
    real = transformers.pipeline("automatic-speech-recognition", str(weights))
    ours = example("speech_pipeline").SpeechPipeline(model="tiny.en")
    samples = load(ENGLISH)
    calls: list[tuple[Any, dict[str, Any]]] = [
        (samples, {}),
        ([samples, samples], {}),
        ({"raw": samples, "sampling_rate": 16_000}, {"return_timestamps": True}),
        (samples, {"return_timestamps": "word"}),
    ]
    try:
        for inputs, arguments in calls:
            copy = dict(inputs) if isinstance(inputs, dict) else inputs  # the real one empties it
            expected, output = real(copy, **arguments), ours(inputs, **arguments)
            assert shape(output) == shape(expected), arguments
            texts = [o["text"] if isinstance(o, dict) else o[0]["text"] for o in (output, expected)]
            assert words(texts[0]) == words(texts[1]) == words(reference("english"))
        assert [o["text"] for o in ours(p for p in [str(PAUSE)])] == [ours(str(PAUSE))["text"]]
        with pytest.raises(TypeError, match="chunks"):
            ours(samples, chunks=3)
        with pytest.raises(ValueError, match="penalty"):
            ours(samples, generate_kwargs={"penalty": 2})
        with pytest.raises(AudioNotFound):
            ours("missing.wav")
    finally:
        ours.close()


def shape(output: Any) -> Any:
    """Types and keys; of a list, those of its first element."""
    if isinstance(output, dict):
        return {key: shape(value) for key, value in output.items()}
    if isinstance(output, list):
        return [shape(output[0])]
    if isinstance(output, tuple):
        return tuple(float for _ in output)
    return type(output)


CLIENT = """
import json, sys
from gradio_client import Client, handle_file
url, folder, path, bad = sys.argv[1:]
client = Client(url, verbose=False, download_files=folder)
def call(path, language, format):
    try:
        return client.predict(handle_file(path), language, format, api_name="/transcribe")
    except Exception as error:
        return str(error)
print(json.dumps([call(path, "en", "vtt"), call(bad, "", "srt")]))
"""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[str]:
    """Address of the example as a program."""
    port = free_port()
    settings = {"GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
    command = [sys.executable, str(FOLDER / "gradio_app.py"), "tiny.en"]
    log = tmp_path / "page.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **settings}, stdout=output, stderr=output
        )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 180
    try:
        while True:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            with suppress(httpx.TransportError):
                if httpx.get(url, timeout=5).is_success:
                    break
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def test_the_page_transcribes_for_gradios_client(page: str, tmp_path: Path) -> None:
    bad = tmp_path / "notes.wav"
    bad.write_text("no sound")
    arguments = [page, str(tmp_path), str(ENGLISH), str(bad)]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CLIENT, *arguments],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    (text, file), error = json.loads(done.stdout.splitlines()[-1])
    assert words(text) == words(reference("english"))
    assert Path(file).read_text(encoding="utf-8").startswith("WEBVTT")
    assert "notes.wav" in error


@pytest.mark.parametrize("name", ["langchain_loader", "speech_pipeline"])
def test_the_programs_print_what_was_said(name: str) -> None:
    command = [sys.executable, str(FOLDER / f"{name}.py"), str(ENGLISH)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert words(reference("english"))[-1] in words(done.stdout)

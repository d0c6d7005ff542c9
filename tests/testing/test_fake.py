"""The fake backend, and the imports of `unispeech.testing`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.errors import raises
from support.samples import SAMPLES
from unispeech.backends.base import Capabilities
from unispeech.errors import BackendError, UnsupportedOption
from unispeech.options import DecodeOptions
from unispeech.testing import fake_engine
from unispeech.testing.fake import FakeBackend
from unispeech.types import Chunk

LENGTH = (
    "with as many letters as a person speaks in so many seconds, because the guard decodes a chunk"
    " in halves if its text is short"
)


def test_the_transcript_is_the_handlers_text() -> None:
    starts: list[float] = []

    def handler(chunk: Chunk, options: DecodeOptions) -> str:
        starts.append(chunk.start)
        return f"This is part {len(starts)} of the recording, {LENGTH}."

    with fake_engine(handler) as engine:
        transcript = engine.transcribe(SAMPLES / "pause.wav", batch_size=1)
    assert [s.text.strip() for s in transcript.segments] == [
        f"This is part {number + 1} of the recording, {LENGTH}." for number in range(len(starts))
    ]
    assert len(starts) == 2 and starts[0] < 4.0 and 14.5 < starts[1] < 16.0


def test_undeclared_options_are_refused() -> None:
    with pytest.raises(UnsupportedOption, match="initial_prompt"):
        fake_engine(lambda chunk, options: "", initial_prompt="Dear listeners")
    capabilities = Capabilities(initial_prompt=True)

    def handler(chunk: Chunk, options: DecodeOptions) -> str:
        return LENGTH if options.initial_prompt == "Dear listeners" else ""

    with fake_engine(handler, capabilities) as engine:
        transcript = engine.transcribe(SAMPLES / "english.wav", initial_prompt="Dear listeners")
    assert transcript.text.strip() == LENGTH


def test_errors_of_the_handler_are_raised_by_the_call() -> None:
    def handler(chunk: Chunk, options: DecodeOptions) -> str:
        raise BackendError("the fake failed")

    with (
        fake_engine(handler) as engine,
        pytest.raises(BackendError, match="the fake failed"),
    ):
        engine.transcribe(SAMPLES / "english.wav")


def test_a_missing_result_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeBackend, "transcribe_batch", lambda *_: [])
    with fake_engine(lambda chunk, options: "") as engine, raises(BackendError, "fake", 0):
        engine.transcribe(SAMPLES / "english.wav")


def test_only_the_contract_imports_pytest() -> None:
    code = (
        "import sys, unispeech.testing; assert 'pytest' not in sys.modules;"
        "from unispeech.testing import BackendContract; assert 'pytest' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

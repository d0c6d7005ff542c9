"""The fake backend, and what importing `unispeech.testing` brings."""

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


def test_an_engine_says_what_the_handler_says() -> None:
    heard: list[float] = []

    def handler(chunk: Chunk, options: DecodeOptions) -> str:
        heard.append(chunk.start)
        return f"This is part {len(heard)} of the recording."

    with fake_engine(handler) as engine:
        transcript = engine.transcribe(SAMPLES / "pause.wav", batch_size=1)
    assert [s.text.strip() for s in transcript.segments] == [
        f"This is part {number + 1} of the recording." for number in range(len(heard))
    ]
    assert len(heard) == 2 and heard[0] < 4.0 and 14.5 < heard[1] < 16.0


def test_an_option_is_refused_unless_it_is_declared() -> None:
    with pytest.raises(UnsupportedOption, match="initial_prompt"):
        fake_engine(lambda chunk, options: "", initial_prompt="Dear listeners")
    able = Capabilities(initial_prompt=True)
    with fake_engine(lambda chunk, options: options.initial_prompt or "", able) as engine:
        transcript = engine.transcribe(SAMPLES / "english.wav", initial_prompt="Dear " * 12)
    assert transcript.text.strip() == ("Dear " * 12).strip()


def test_an_error_of_the_handler_is_the_calls() -> None:
    def handler(chunk: Chunk, options: DecodeOptions) -> str:
        raise BackendError("the fake failed")

    with (
        fake_engine(handler) as engine,
        pytest.raises(BackendError, match="the fake failed"),
    ):
        engine.transcribe(SAMPLES / "english.wav")


def test_a_backend_gives_a_result_for_each_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeBackend, "transcribe_batch", lambda *_: [])
    with fake_engine(lambda chunk, options: "") as engine, raises(BackendError, "fake", 0):
        engine.transcribe(SAMPLES / "english.wav")


def test_pytest_is_imported_for_the_contract_alone() -> None:
    code = (
        "import sys, unispeech.testing; assert 'pytest' not in sys.modules;"
        "from unispeech.testing import BackendContract; assert 'pytest' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

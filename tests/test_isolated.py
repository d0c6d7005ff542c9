"""The backends that only run in environments of their own: whisperX and JAX."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import SAMPLES, reference, words
from unispeech.backends import registry
from unispeech.backends.remote import Remote
from unispeech.engine import Engine
from unispeech.environments import place
from unispeech.environments.process import Process
from unispeech.errors import BackendMissing, UnsupportedOption

MakeEngine = Callable[..., Engine]


def test_a_missing_environment_offers_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNISPEECH_ENV_DIR", str(tmp_path))
    for name in ("whisperx", "openvino", "jax"):
        if not registry.find(name).installed():
            with pytest.raises(BackendMissing, match=f"run: unispeech backends install {name}"):
                Engine(name, "a-model-that-is-nowhere/at-all")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("backend", ["jax", "whisperx"])
def test_it_hears_what_was_said(engine: MakeEngine, backend: str) -> None:
    loaded = engine(backend)
    assert isinstance(loaded.backend, Remote)
    for sample in ("english", "pause", "english"):
        heard = loaded.transcribe(SAMPLES / f"{sample}.wav")
        if sample == "english":
            assert words(heard.text) == words(reference("english"))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_whisperx_through_us_is_whisperx(engine: MakeEngine) -> None:
    """Text and times against its own pipeline, called in the environment with nothing of ours."""
    loaded = engine("whisperx")
    environment = place.find("whisperx")
    assert environment
    with pytest.raises(UnsupportedOption, match="temperature"):
        loaded.transcribe(SAMPLES / "english.wav", strategy="native", temperature=0.0)
    model = registry_model()
    direct = Process(
        "direct", environment.python, "whisperx.asr:load_model", (model, "cpu", 0, "float32")
    )
    from unispeech.audio import Recording

    for sample in ("english", "pause"):
        samples = Recording(SAMPLES / f"{sample}.wav").read()
        theirs = direct.call("transcribe", samples, 8, 0, "en")
        ours = loaded.transcribe(SAMPLES / f"{sample}.wav", strategy="native")
        assert [(s.start, s.end, s.text) for s in ours.segments] == [
            (s["start"], s["end"], s["text"]) for s in theirs["segments"]
        ]
    direct.close()


def registry_model() -> str:
    from unispeech.models import store

    return str(store.obtain("tiny.en", "ctranslate2", lambda progress: None))

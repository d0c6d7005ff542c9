"""The choice of a backend for `auto`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from support.onnx_models import TDT
from support.samples import SAMPLES
from unispeech.backends import choose
from unispeech.backends.choose import Measurement
from unispeech.engine.engine import Engine
from unispeech.errors import BackendMissing, UnispeechError
from unispeech.models import weight_cache
from unispeech.options import DecodeOptions, LoadOptions, TranscribeOptions


@pytest.fixture(autouse=True)
def benchmark_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNISPEECH_DATA_DIR", str(tmp_path))
    return tmp_path / "benchmark.json"


def row(
    backend: str,
    wer: float,
    speed: float,
    model: str = "base",
    beam: int = 5,
    kind: str = "default",
) -> Measurement:
    return Measurement(backend, model, beam, wer, speed, kind)


@pytest.mark.parametrize(
    ("measurements", "candidates", "chosen"),
    [
        # the fastest, at equal accuracy
        ([row("a", 5.0, 10), row("b", 5.0, 20)], "ab", "b"),
        # within the margin, and beyond it
        ([row("a", 5.0, 10), row("b", 5.5, 20)], "ab", "b"),
        ([row("a", 5.0, 10), row("b", 5.6, 20)], "ab", "a"),
        # an uninstalled backend does not count as the best
        ([row("a", 1.0, 30), row("b", 5.0, 20)], "b", "b"),
        # figures of the requested model, else of another model
        ([row("a", 5, 9), row("b", 5, 8), row("b", 5, 99, "tiny")], "ab", "a"),
        ([row("a", 5, 9, "tiny"), row("b", 5, 10, "tiny")], "ab", "b"),
        # figures of the requested beam: a is faster only with beam 1
        ([row("a", 5, 50, beam=1), row("a", 5, 5), row("b", 5, 10)], "ab", "b"),
        # figures of the requested compute type: a is faster only in int8
        ([row("a", 5, 50, kind="int8"), row("a", 5, 5, beam=1), row("b", 5, 10)], "ab", "b"),
        # no figures: the first by rule of thumb
        ([], "ab", "a"),
        ([row("z", 1, 100)], "ab", "a"),
    ],
)
def test_the_fastest_accurate_candidate_is_chosen(
    measurements: list[Measurement], candidates: str, chosen: str
) -> None:
    choice = choose.choose(measurements, list(candidates), "base", 5)
    assert choice is not None and choice.backend == chosen
    by_rule = not any(m.backend in candidates for m in measurements)
    assert ("rule of thumb" in choice.reason) is by_rule


def test_the_reason_lists_unmeasured_candidates() -> None:
    choice = choose.choose([row("a", 5, 10)], ["a", "b", "c"], "base", 5)
    assert choice is not None and choice.reason.endswith("; not measured: b, c")


def test_no_candidate_is_a_missing_backend() -> None:
    assert choose.choose([row("a", 5, 10)], [], "base", 5) is None
    translation = TranscribeOptions(decode=DecodeOptions(task="translate"))
    with pytest.raises(BackendMissing):
        choose.choose_backend("tiny.en", load=LoadOptions(device="cuda:99", compute_type="int3"))
    assert choose.choose_backend("base", options=translation).backend


@pytest.mark.parametrize(
    ("model", "options", "option"),
    [
        ("tiny.en", {"language": "de"}, "language"),
        ("tiny.en", {"task": "translate"}, "task"),
        ("mms-1b-all", {}, "language"),
        ("tny", {}, "model"),
    ],
)
def test_a_request_that_the_model_refuses_names_the_option(
    model: str, options: dict[str, Any], option: str
) -> None:
    with pytest.raises(UnispeechError) as refused:
        choose.choose_backend(model, options=TranscribeOptions.of(**options))
    assert refused.value.option == option and "backend faster" not in str(refused.value)


def test_saved_measurements_are_loaded_and_a_damaged_file_is_ignored(benchmark_file: Path) -> None:
    assert choose.load_measurements() == []
    rows = [row("faster", 5.0, 10.0)]
    choose.save_measurements(rows)
    assert choose.load_measurements() == rows
    benchmark_file.write_text('[{"backend": 1}]')
    assert choose.load_measurements() == []


def test_an_engine_accepts_auto() -> None:
    choose.save_measurements([row("faster", 5.0, 10.0, "tiny.en")])
    with Engine("auto", "tiny.en") as engine:
        assert engine.spec.name == "faster"


@pytest.fixture
def downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A small model in the cache, under the name of a model that is recommended for German."""
    monkeypatch.setenv("UNISPEECH_CACHE_DIR", str(tmp_path / "cache"))
    name = "parakeet-tdt-0.6b-v3-int8"
    with weight_cache.drafting(name, "onnx", "a test") as draft:
        for file in Path(TDT).iterdir():
            if file.suffix != ".onnx" or "int8" in file.name:
                shutil.copy(file, draft.folder)
    return name


def test_the_best_downloaded_model_for_the_language_is_chosen(downloaded: str) -> None:
    options = TranscribeOptions.of(language="de")
    choice = choose.choose_backend(options=options)
    assert (choice.backend, choice.model) == ("onnx", downloaded) and downloaded in choice.reason
    with Engine("auto", language="de") as engine:
        transcript = engine.transcribe(SAMPLES / "german.wav")
    assert (transcript.backend, transcript.model) == ("onnx", downloaded)
    assert "Sonne" in transcript.text


def test_a_model_that_is_asked_for_is_never_replaced(downloaded: str) -> None:
    options = TranscribeOptions.of(language="de")
    choice = choose.choose_backend("base", options=options)
    assert choice.backend != "onnx" and choice.model is None
    assert choose.settle_request("auto", "base", LoadOptions(), options).model.name == "base"


@pytest.mark.parametrize(
    "options", [{}, {"language": "ja"}, {"language": "de", "initial_prompt": "Liebe"}],
    ids=["no-language", "another-language", "an-option-that-it-lacks"],
)  # fmt: skip
def test_the_usual_model_is_chosen_otherwise(downloaded: str, options: dict[str, Any]) -> None:
    choice = choose.choose_backend(options=TranscribeOptions.of(**options))
    assert choice.backend != "onnx" and choice.model is None

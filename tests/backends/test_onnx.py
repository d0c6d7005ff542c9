"""The backend `onnx` on small models in the layouts of onnx-asr: Parakeet CTC and TDT, Canary."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx_asr
import pytest

from support.errors import raises
from support.onnx_models import CANARY, CTC, RNNT_DECODER, TDT
from support.samples import SAMPLES
from unispeech import Engine
from unispeech.audio.recording import load
from unispeech.backends import onnx_transducer, registry
from unispeech.errors import BackendError, ModelDamaged, UnsupportedOption
from unispeech.models import store
from unispeech.testing import BackendContract, Case
from unispeech.testing.contract import count_errors
from unispeech.testing.samples import reference, words

MODELS = {"ctc": CTC, "tdt": TDT, "canary": CANARY}
WORD_ERRORS = {"ctc": 0.0, "tdt": 0.1, "canary": 0.0}
"""The small transducer repeats a piece of a word now and then (decision 0115)."""


class TestContract(BackendContract):
    """The suite of every backend, on each small model."""

    @pytest.fixture(scope="class", params=MODELS)
    @classmethod
    def case(cls, request: pytest.FixtureRequest) -> Case:
        name = request.param
        return Case("onnx", {"language": "en"}, MODELS[name], word_errors=WORD_ERRORS[name])

    test_the_library_is_silent = pytest.mark.slow(BackendContract.test_the_library_is_silent)


def errors(text: str, sample: str) -> int:
    return count_errors(words(text), words(reference(sample)))


@pytest.fixture(scope="module")
def tdt() -> Engine:
    return Engine("onnx", TDT)


@pytest.mark.parametrize("model", MODELS)
def test_int8_transcribes(model: str) -> None:
    with Engine("onnx", MODELS[model], compute_type="int8", language="en") as engine:
        assert errors(engine.transcribe(SAMPLES / "english.wav").text, "english") <= 6


def test_a_transducer_needs_no_language_and_names_none(tdt: Engine) -> None:
    transcript = tdt.transcribe(SAMPLES / "german.wav")
    assert errors(transcript.text, "german") <= 3
    assert transcript.language == "und" and not transcript.warnings


def test_a_given_language_names_that_of_the_recording(tdt: Engine) -> None:
    assert tdt.transcribe(SAMPLES / "german.wav", language="german").language == "de"


def test_canary_needs_the_language_and_translates() -> None:
    with Engine("onnx", CANARY) as engine:
        with raises(UnsupportedOption, "onnx", "language=CODE"):
            engine.transcribe(SAMPLES / "german.wav")
        german = engine.transcribe(SAMPLES / "german.wav", language="de")
        english = engine.transcribe(SAMPLES / "german.wav", language="de", task="translate")
    assert errors(german.text, "german") == 0 and german.language == "de"
    assert {"good", "morning", "path", "river"} <= set(words(english.text)), english.text


def test_canary_refuses_a_language_that_it_lacks() -> None:
    with Engine("onnx", CANARY) as engine, raises(UnsupportedOption, "'fr'"):
        engine.transcribe(SAMPLES / "german.wav", language="fr")


def test_word_times_are_refused_for_canary_only(tdt: Engine) -> None:
    with raises(UnsupportedOption, "word_timestamps", "onnx"):
        Engine("onnx", CANARY, word_timestamps=True)
    transcript = tdt.transcribe(SAMPLES / "english.wav", word_timestamps=True)
    found = [word for segment in transcript.segments for word in segment.words]
    assert all(word.timed_by == "tokens" and 0 < word.end - word.start < 2 for word in found)


def test_words_are_where_they_are_spoken(tdt: Engine) -> None:
    transcript = tdt.transcribe(SAMPLES / "pause.wav", word_timestamps=True)
    found = {w.word.strip(" .,").lower(): w for s in transcript.segments for w in s.words}
    assert found["door"].end < 4.0 and found["thank"].start > 14.5


@pytest.mark.parametrize("model", ["ctc", "tdt"])
def test_the_text_is_that_of_the_library(model: str) -> None:
    samples = load(SAMPLES / "english.wav")
    kind = f"nemo-conformer-{model}"
    direct = onnx_asr.load_model(kind, MODELS[model], providers=["CPUExecutionProvider"])
    with Engine("onnx", MODELS[model]) as engine:
        ours, theirs = engine.transcribe(samples, 16_000).text, direct.recognize(samples)
    assert words(ours) == words(theirs)


@pytest.mark.parametrize("kind", ["tdt", "rnnt"])
def test_batches_of_a_transducer_are_decoded_as_onnx_asr_decodes_rows(
    tmp_path: Path, kind: str
) -> None:
    shutil.copytree(TDT, tmp_path / "model")
    if kind == "rnnt":  # the same networks without durations
        shutil.copytree(RNNT_DECODER, tmp_path / "model", dirs_exist_ok=True)
    direct = onnx_asr.load_model(f"nemo-conformer-{kind}", tmp_path / "model").with_timestamps()
    parts = [load(SAMPLES / f"{name}.wav") for name in ("english", "german", "pause")]
    lengths = np.array([len(part) for part in parts] + [9_000])
    batch = np.zeros((4, lengths.max()), np.float32)
    for row, part in zip(batch, parts, strict=False):
        row[: len(part)] = part
    asr = direct.asr
    assert onnx_transducer.can_decode(asr)
    ours = list(onnx_transducer.recognize(asr, batch, lengths))
    theirs = list(asr.recognize_batch(batch, lengths, need_logprobs=True))
    for our, their in zip(ours, theirs, strict=True):
        assert (our.text, our.timestamps) == (their.text, their.timestamps)
        assert our.logprobs == pytest.approx(their.logprobs, abs=1e-4)


def test_live_captions_need_no_language(tdt: Engine) -> None:
    session = tdt.listen()
    samples = np.concatenate([load(SAMPLES / "german.wav"), np.zeros(32_000, np.float32)])
    events = [
        event
        for at in range(0, len(samples), 16_000)
        for event in session.feed(samples[at : at + 16_000])
    ]
    events += session.finish()
    text = " ".join(event.text for event in events if event.type == "final")
    assert errors(text, "german") <= 8


@pytest.mark.parametrize(
    "option", [{"initial_prompt": "Dear all"}, {"hotwords": "Anna"}, {"beam_size": 3},
               {"temperature": 0.2}, {"strategy": "native"}, {"task": "translate"}],
    ids=lambda option: next(iter(option)),
)  # fmt: skip
def test_options_of_whisper_are_refused_by_name(option: dict[str, object]) -> None:
    with pytest.raises(UnsupportedOption, match=next(iter(option))):
        Engine("onnx", TDT, **option)  # type: ignore[arg-type]


def test_cuda_is_refused_without_a_build_for_it() -> None:
    with raises(BackendError, "cuda", "onnxruntime-gpu"):
        Engine("onnx", TDT, device="cuda")


def test_a_whisper_model_is_refused() -> None:
    with raises(UnsupportedOption, "base", "onnx"):
        Engine("onnx", "base")
    with raises(UnsupportedOption, "parakeet-tdt-0.6b-v3", "faster"):
        Engine("faster", "parakeet-tdt-0.6b-v3")


def test_a_model_of_int8_only_refuses_float32(tmp_path: Path) -> None:
    for file in Path(CTC).iterdir():
        if file.suffix != ".onnx" or "int8" in file.name:
            shutil.copy(file, tmp_path)
    assert store.describe(str(tmp_path)).compute_types == ("int8",)
    with raises(UnsupportedOption, "compute_type", "float32", "int8"):
        Engine("onnx", str(tmp_path), compute_type="float32")
    with Engine("onnx", str(tmp_path)) as engine:
        assert engine.transcribe(SAMPLES / "english.wav").segments


@pytest.mark.parametrize("missing", ["vocab.txt", "decoder_joint-model.onnx"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    shutil.copytree(TDT, tmp_path / "model")
    (tmp_path / "model" / missing).unlink()
    with raises(ModelDamaged, missing):
        Engine("onnx", str(tmp_path / "model"))


@pytest.mark.parametrize(
    ("config", "reason"),
    [('{"model_type": "zipformer-9"}', "ONNX"), ("[]", "not a JSON object"), ("{", "not JSON")],
)
def test_a_folder_of_an_unknown_kind_is_refused(tmp_path: Path, config: str, reason: str) -> None:
    shutil.copytree(TDT, tmp_path / "model")
    (tmp_path / "model" / "config.json").write_text(config)
    with raises(ModelDamaged, reason):
        Engine("onnx", str(tmp_path / "model"))


def test_a_repository_of_unknown_languages_is_of_the_family_of_its_backend() -> None:
    facts = registry.find("onnx").describe("somebody/parakeet-in-onnx")
    assert facts.family == "parakeet"

"""The backend `sherpa` on small models in sherpa-onnx's layouts: Parakeet CTC and TDT, Canary."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import sherpa_onnx

from support import sherpa_models
from support.errors import raises
from support.samples import SAMPLES
from unispeech import Engine
from unispeech.audio.recording import load
from unispeech.errors import ModelDamaged, UnsupportedOption
from unispeech.models import store
from unispeech.models.formats import sherpa
from unispeech.testing import BackendContract, Case
from unispeech.testing.contract import count_errors
from unispeech.testing.samples import reference, words

WORD_ERRORS = {"ctc": 0.0, "tdt": 0.1, "canary": 0.0, "streaming": 0.2}
"""The small transducer repeats a piece of a word now and then (decision 0115)."""


DEFAULT = {"ctc": "float32", "tdt": "float32", "canary": "int8", "streaming": "float32"}
"""A compute type of each model."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("sherpa")
    made = {name: sherpa_models.make(name, folder) for name in sherpa_models.NAMES}
    return {**made, "streaming": sherpa_models.STREAMING}


class TestContract(BackendContract):
    """The suite of every backend, on each small model."""

    @pytest.fixture(scope="class", params=WORD_ERRORS)
    @classmethod
    def case(cls, request: pytest.FixtureRequest, models: dict[str, str]) -> Case:
        name = request.param
        return Case("sherpa", {"language": "en"}, models[name], word_errors=WORD_ERRORS[name])

    test_the_library_is_silent = pytest.mark.slow(BackendContract.test_the_library_is_silent)


def errors(text: str, sample: str) -> int:
    return count_errors(words(text), words(reference(sample)))


@pytest.mark.parametrize("model", ["ctc", "tdt"])
def test_the_text_is_that_of_the_library(models: dict[str, str], model: str) -> None:
    samples, folder = load(SAMPLES / "english.wav"), Path(models[model])
    layout = sherpa.find(folder)
    assert layout is not None
    make: Callable[..., sherpa_onnx.OfflineRecognizer] = getattr(
        sherpa_onnx.OfflineRecognizer, f"from_{layout.factory}"
    )
    direct = make(**sherpa.files(folder, layout, "float32"), **layout.settings)
    stream = direct.create_stream()
    stream.accept_waveform(16_000, samples)
    direct.decode_stream(stream)
    with Engine("sherpa", models[model], compute_type="float32") as engine:
        ours = engine.transcribe(samples, 16_000).text
    assert words(ours) == words(stream.result.text)


def test_a_transducer_needs_no_language_and_names_none(models: dict[str, str]) -> None:
    with Engine("sherpa", models["tdt"]) as engine:
        transcript = engine.transcribe(SAMPLES / "german.wav")
        named = engine.transcribe(SAMPLES / "german.wav", language="german")
    assert errors(transcript.text, "german") <= 3
    assert transcript.language == "und" and not transcript.warnings
    assert named.language == "de"


def test_canary_needs_the_language_and_translates(models: dict[str, str]) -> None:
    with Engine("sherpa", models["canary"]) as engine:
        with raises(UnsupportedOption, "sherpa", "language=CODE"):
            engine.transcribe(SAMPLES / "german.wav")
        with raises(UnsupportedOption, "'it'"):
            engine.transcribe(SAMPLES / "german.wav", language="it")
        german = engine.transcribe(SAMPLES / "german.wav", language="de")
        english = engine.transcribe(SAMPLES / "german.wav", language="de", task="translate")
    assert errors(german.text, "german") == 0 and german.language == "de"
    assert {"good", "morning", "path", "river"} <= set(words(english.text)), english.text


@pytest.mark.parametrize(
    "option", [{"initial_prompt": "Dear all"}, {"hotwords": "Anna"}, {"task": "translate"},
               {"device": "cuda"}],
    ids=lambda option: next(iter(option)),
)  # fmt: skip
def test_options_that_a_model_lacks_are_refused_by_name(
    models: dict[str, str], option: dict[str, object]
) -> None:
    with pytest.raises(UnsupportedOption, match=next(iter(option))):
        Engine("sherpa", models["tdt"], **option)  # type: ignore[arg-type]


def test_a_file_of_int8_only_refuses_float32(models: dict[str, str]) -> None:
    assert store.describe(models["ctc"]).compute_types == ("float32", "int8")
    with raises(UnsupportedOption, "compute_type", "float32", "int8"):
        Engine("sherpa", models["canary"], compute_type="float32", language="en")


def removed(folder: Path, file: str) -> None:
    (folder / file).unlink()


def renamed(folder: Path, file: str, key: str) -> None:
    """Rename a name in a file's metadata."""
    path = folder / file
    path.write_bytes(path.read_bytes().replace(key.encode(), key.upper().encode()))


def rewritten(folder: Path, before: str, after: str) -> None:
    path = folder / "tokens.txt"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(before, after), encoding="utf-8")


BROKEN: tuple[tuple[str, Callable[..., None], tuple[str, ...], str], ...] = (
    ("tdt", removed, ("joiner.onnx",), "joiner*.onnx"),
    ("tdt", removed, ("decoder.onnx",), "decoder*.onnx"),
    ("tdt", renamed, ("encoder.onnx", "pred_hidden"), "pred_hidden"),
    ("tdt", renamed, ("encoder.onnx", "-tdt"), "joint network"),
    ("tdt", rewritten, ("<blk> 103\n", ""), "103 tokens"),
    ("ctc", renamed, ("model.onnx", "vocab_size"), "vocab_size"),
    ("ctc", renamed, ("model.onnx", "EncDec"), "not supported"),
    ("streaming", renamed, ("encoder.onnx", "decode_chunk_len"), "not supported"),
    ("streaming", renamed, ("decoder.onnx", "context_size"), "context_size"),
    ("ctc", rewritten, ("<blk>", "<nil>"), "<blk>"),
    ("ctc", rewritten, ("<blk> ", "<blk> a "), "line 104"),
    ("canary", rewritten, ("<|fr|> ", "<|fr|>"), "tokens.txt"),
    ("canary", removed, ("decoder.int8.onnx",), "decoder*.onnx"),
)
"""What would make sherpa-onnx end the process, and a part of the message instead."""


@pytest.mark.parametrize(("model", "damage", "arguments", "message"), BROKEN)
def test_a_broken_folder_is_one_line(
    tmp_path: Path,
    models: dict[str, str],
    model: str,
    damage: Callable[..., None],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(models[model], folder)
    damage(folder, *arguments)
    with raises(ModelDamaged, message):
        Engine("sherpa", str(folder), compute_type=DEFAULT[model], language="en")


@pytest.mark.parametrize("content", [b"", b"\x08\x0a", b"no protobuf", b"\xff" * 64])
def test_what_is_no_onnx_file_is_refused(
    tmp_path: Path, models: dict[str, str], content: bytes
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(models["ctc"], folder)
    for kind in ("", ".int8"):
        (folder / f"model{kind}.onnx").write_bytes(content)
    with raises(ModelDamaged, str(folder)):
        Engine("sherpa", str(folder))


RELEASES: dict[str, tuple[str, str]] = {
    "encoder-epoch-99-avg-1.onnx decoder-epoch-99-avg-1.onnx joiner-epoch-99-avg-1.onnx "
    "tokens.txt": ("zipformer2", "transducer"),
    "encoder.int8.onnx decoder.int8.onnx joiner.int8.onnx tokens.txt":
        ("EncDecRNNTBPEModel", "transducer"),
    "encoder.int8.onnx decoder.int8.onnx tokens.txt": ("EncDecMultiTaskModel", "nemo_canary"),
    "model.int8.onnx model.onnx tokens.txt": ("sense_voice_ctc", "sense_voice"),
    "model.int8.onnx tokens.txt": ("paraformer", "paraformer"),
    "model.int8.onnx tokens.txt ": ("omnilingual-asr", "omnilingual_asr_ctc"),
    "model.onnx tokens.txt": ("EncDecHybridRNNTCTCBPEModel", "nemo_ctc"),
    "model.onnx tokens.txt ": ("zipformer2_ctc", "zipformer_ctc"),
    "model.onnx tokens.txt  ": ("wenet_ctc", "wenet_ctc"),
    "model.int8.onnx tokens.txt   ": ("fire-red-asr-2-ctc", "fire_red_asr_ctc"),
    "preprocess.onnx encode.int8.onnx uncached_decode.int8.onnx cached_decode.int8.onnx "
    "tokens.txt": ("", "moonshine"),
    "encoder_model.ort decoder_model_merged.ort tokens.txt": ("", "moonshine_v2"),
    "conv_frontend.onnx encoder.int8.onnx decoder.int8.onnx tokenizer/vocab.json":
        ("", "qwen3_asr"),
}  # fmt: skip
"""The files of releases, the largest's `model_type`, and the factory that reads them."""


@pytest.mark.parametrize("names", RELEASES)
def test_a_release_is_told_by_its_files(tmp_path: Path, models: dict[str, str], names: str) -> None:
    model_type, factory = RELEASES[names]
    metadata = {"model_type": model_type} if model_type else {}
    for name in names.split():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        source = Path(models["tdt"]) / ("decoder.onnx" if path.suffix == ".onnx" else "tokens.txt")
        sherpa_models.stamp(source, path, metadata if path.suffix == ".onnx" else {})
    layout = sherpa.find(tmp_path)
    assert layout is not None and layout.factory == factory
    assert hasattr(sherpa_onnx.OfflineRecognizer, f"from_{factory}")
    parameters = inspect.signature(
        getattr(sherpa_onnx.OfflineRecognizer, f"from_{factory}")
    ).parameters
    assert {*layout.files, *layout.settings} <= parameters.keys()

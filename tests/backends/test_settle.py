"""The gate, as tables: backends by options, model families, and facts of the disk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from unispeech import errors
from unispeech.backends import registry
from unispeech.backends.settle import (
    LANGUAGE_REQUIRED,
    Facts,
    Refusal,
    Settled,
    settle,
    settle_leniently,
)
from unispeech.errors import (
    BackendMissing,
    ModelDamaged,
    OptionError,
    UnispeechError,
    UnknownModel,
    UnsupportedOption,
)
from unispeech.models import catalog
from unispeech.models.facts import ModelFacts
from unispeech.options import TranscribeOptions, split_options

BASE = ModelFacts("base")
TINY_EN = ModelFacts("tiny.en", languages={"en": "english"}, translates=False)
TURBO = ModelFacts("large-v3-turbo", translates=False)
MMS = ModelFacts("mms-1b-all", "ctc", {"eng": "English", "swh": "Swahili"}, translates=False)
WAV2VEC2 = ModelFacts("wav2vec2", "ctc", {"en": "english"}, translates=False)
PARAKEET = ModelFacts("parakeet", "parakeet", {"en": "english"}, translates=False)
CANARY = ModelFacts("canary", "canary", {"de": "german", "en": "english"})
SENSE_VOICE = ModelFacts("s", "sensevoice", {"zh": "chinese", "en": "english"}, translates=False)
MOONSHINE = ModelFacts("moonshine", "moonshine", {"en": "english"}, translates=False)
LID = ModelFacts("mms-lid-126", "lid", {})
PYANNOTE = ModelFacts("pipeline", "diarization", {})

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "native": {"strategy": "native"},
    "translate": {"task": "translate"},
    "cuda": {"device": "cuda:1"},
    "int8": {"compute_type": "int8"},
    "threads": {"threads": 2},
    "words": {"word_timestamps": True},
    "prompt": {"initial_prompt": "a"},
    "hotwords": {"hotwords": "a"},
    "beam": {"beam_size": 5},
    "greedy": {"beam_size": 1},
    "warm": {"temperature": 0.4},
    "ngram": {"ngram": "x.arpa"},
    "per chunk": {"language_per_chunk": True},
    "align": {"align": True},
    "align with": {"align_model": "wav2vec2"},
    "diarize": {"diarize": True},
}
REFUSED: dict[str, str] = {
    "faster": "ngram",
    "openai": "hotwords ngram",
    "hf": "hotwords ngram int8",
    "cpp": "hotwords ngram int8",
    "whisperx": "ngram",
    "jax": "ngram native cuda int8 threads words beam",
    "openvino": "ngram cuda words beam",
    "mlx": "ngram cuda int8 threads beam",
    "mms": "native translate int8 prompt hotwords beam warm align-with",
    "ctc": "native translate int8 prompt hotwords beam warm align-with",
    "onnx": "native translate prompt hotwords beam warm ngram",
    "sherpa": "native translate cuda prompt hotwords beam warm ngram",
}
"""The `OPTIONS` that each backend refuses with a model of its own family (`-` for a space)."""


def settled(
    backend: str, model: ModelFacts | UnispeechError, live: bool = False, **options: Any
) -> Settled:
    """Settle a request whose companion models are all present and of the right family."""
    load, transcribe = split_options(options)
    facts = Facts(
        model,
        identifier=LID if transcribe.language_id_model else None,
        aligner=WAV2VEC2 if transcribe.annotate.needs_alignment else None,
        diarizer=PYANNOTE if transcribe.annotate.needs_speakers else None,
    )
    return settle(registry.find(backend), facts, load, transcribe, live)


def own_model(backend: str) -> ModelFacts:
    models = {"whisper": TINY_EN, "ctc": WAV2VEC2, "parakeet": PARAKEET}
    return models[registry.find(backend).family]


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("backend", REFUSED)
def test_each_backend_refuses_exactly_what_it_lacks(backend: str, name: str) -> None:
    model = own_model(backend)
    if name == "translate" and model is TINY_EN:
        model = BASE
    refusals = settled(backend, model, **OPTIONS[name]).refusals
    refused = {option.replace("-", " ") for option in REFUSED[backend].split()}
    assert bool(refusals) is (name in refused), refusals
    for refusal in refusals:
        assert refusal.option in OPTIONS[name], refusal
        assert issubclass(refusal.kind, UnsupportedOption)


def test_the_table_covers_every_built_in_backend() -> None:
    assert set(REFUSED) == {spec.name for spec in registry.BUILT_IN}


@pytest.mark.parametrize("backend", REFUSED)
@pytest.mark.parametrize(
    "model", [BASE, MMS, PARAKEET, CANARY, LID, PYANNOTE], ids=lambda model: model.family
)
def test_a_backend_runs_models_of_its_own_family(backend: str, model: ModelFacts) -> None:
    result = settled(backend, model, language=next(iter(model.languages), None))
    is_own = registry.find(backend).runs(model.family)
    assert [(refusal.code, refusal.option) for refusal in result.refusals] == (
        [] if is_own else [("model_family", "model")]
    )


@pytest.mark.parametrize(
    ("backend", "model", "options", "codes"),
    [
        ("faster", TINY_EN, {"language": "fr"}, ["unsupported_option"]),
        ("faster", BASE, {"language": "xyzzy"}, ["invalid_value"]),
        ("faster", TINY_EN, {"task": "translate"}, ["model_cannot_translate"]),
        ("faster", TURBO, {"task": "translate"}, ["model_cannot_translate"]),
        ("mms", MMS, {}, [LANGUAGE_REQUIRED]),
        ("onnx", CANARY, {}, [LANGUAGE_REQUIRED]),
        ("onnx", CANARY, {"language": "de", "task": "translate"}, []),
        ("onnx", CANARY, {"language": "de", "word_timestamps": True}, ["unsupported_option"]),
        ("onnx", replace(PARAKEET, languages=CANARY.languages), {}, []),
        ("onnx", replace(PARAKEET, compute_types=("int8",)), {"compute_type": "int8"}, []),
        (
            "onnx", replace(PARAKEET, compute_types=("int8",)), {"compute_type": "float32"},
            ["not_offered"],
        ),
        ("sherpa", CANARY, {"language": "de", "task": "translate"}, []),
        ("sherpa", SENSE_VOICE, {}, []),
        ("sherpa", SENSE_VOICE, {"task": "translate"}, ["not_offered", "model_cannot_translate"]),
        ("sherpa", MOONSHINE, {"word_timestamps": True}, ["unsupported_option"]),
        ("mms", MMS, {"language": "swahili"}, []),
        ("mms", MMS, {"language_id_model": "mms"}, []),
        ("mms", WAV2VEC2, {}, []),
        ("mms", MMS, {"task": "translate", "beam_size": 5},
         ["not_offered", "unsupported_option", "model_cannot_translate", LANGUAGE_REQUIRED]),
        ("faster", BASE, {"align": True, "language": "fr"}, ["aligner_language"]),
        ("faster", UnknownModel("no such model"), {}, ["model_not_found"]),
        ("faster", ModelDamaged("cut off"), {}, ["model_damaged"]),
    ],
)  # fmt: skip
def test_languages_and_tasks_a_model_lacks_are_refused(
    backend: str, model: ModelFacts | UnispeechError, options: dict[str, Any], codes: list[str]
) -> None:
    refusals = settled(backend, model, **options).refusals
    assert [refusal.code for refusal in refusals] == codes


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 4}, {"chunk_length": 20.0}, {"language_id_model": "mms"},
        {"vad_threshold": 0.3}, {"vad_min_silence": 1.0}, {"vad_pad": 0.1},
    ],
    ids=str,
)  # fmt: skip
def test_options_of_the_batched_engine_are_not_native(options: dict[str, Any]) -> None:
    assert not settled("faster", BASE, **options).refusals
    (refusal,) = settled("faster", BASE, strategy="native", **options).refusals
    assert (refusal.code, [refusal.option]) == ("not_native", list(options))


@pytest.mark.parametrize(
    ("backend", "options", "refused"),
    [
        ("faster", {"language_per_chunk": True}, []),
        ("openai", {"language_per_chunk": True}, ["language_per_chunk"]),
        ("whisperx", {"vad": False}, ["vad"]),
        ("whisperx", {"word_timestamps": True}, ["word_timestamps"]),
        ("whisperx", {"word_timestamps": True, "align": True}, []),
        ("openvino", {"temperature": 0.4}, ["temperature"]),
        ("faster", {"vad": False, "temperature": 0.4}, []),
    ],
)
def test_native_strategies_differ(
    backend: str, options: dict[str, Any], refused: list[str]
) -> None:
    result = settled(backend, BASE, strategy="native", language=None, **options)
    assert [refusal.option for refusal in result.refusals] == refused


@pytest.mark.parametrize(
    ("backend", "options", "deprecated"),
    [
        ("faster", {}, True),
        ("openai", {}, True),
        ("cpp", {}, False),
        ("faster", {"strategy": "native"}, False),
        ("faster", {"language_id_model": "mms"}, False),
    ],
    ids=str,
)
def test_language_per_chunk_is_deprecated_where_changes_are_followed_anyway(
    backend: str, options: dict[str, Any], deprecated: bool
) -> None:
    assert not settled(backend, BASE, language=None, **options).deprecated
    result = settled(backend, BASE, language=None, language_per_chunk=True, **options)
    assert ("language_per_chunk" in result.deprecated) is deprecated


@pytest.mark.parametrize(
    ("facts", "options", "code", "option"),
    [
        (Facts(BASE, identifier=MMS), {"language_id_model": "x"}, "model_family",
         "language_id_model"),
        (Facts(BASE, aligner=BASE), {"align_model": "x"}, "model_family", "align_model"),
        (Facts(BASE, aligner=UnknownModel("?")), {"align": True}, "model_not_found", "align_model"),
        (Facts(BASE, diarizer=BASE), {"diarize": True}, "model_family", "diarize_model"),
        (Facts(BASE, missing=(BackendMissing("gone", option="diarize"),)), {"diarize": True},
         "backend_not_installed", "diarize"),
        (Facts(BASE, missing=(OptionError("no file", code="file_not_found", option="ngram"),)),
         {}, "file_not_found", "ngram"),
    ],
)  # fmt: skip
def test_missing_and_wrong_companions_are_refused(
    facts: Facts, options: dict[str, Any], code: str, option: str
) -> None:
    load, transcribe = split_options(options)
    (refusal,) = settle(registry.find("faster"), facts, load, transcribe).refusals
    assert (refusal.code, refusal.option) == (code, option)


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        ({"beam_size": 2, "vad": False, "vad_pad": 0.1, "batch_size": 2, "hotwords": "a"}, []),
        ({"strategy": "native", "chunk_length": 9.0, "vad_min_silence": 1.0, "align": True,
          "align_model": "x", "diarize": True, "diarize_model": "y", "language_id_model": "mms"},
         ["vad_min_silence", "chunk_length", "align", "align_model", "diarize", "diarize_model",
          "strategy", "language_id_model"]),
    ],
)  # fmt: skip
def test_a_stream_refuses_what_needs_a_complete_recording(
    options: dict[str, Any], refused: list[str]
) -> None:
    refusals = settled("faster", BASE, live=True, **options).refusals
    assert [refusal.option for refusal in refusals if refusal.code == "not_live"] == refused


def test_hints_for_streams_do_not_name_language_id_model() -> None:
    refusals = [settled("mms", MMS, live=live).refusal("language") for live in (False, True)]
    hints = [refusal.hint if refusal else "" for refusal in refusals]
    assert all(hints) and ["language_id_model" in hint for hint in hints] == [True, False]


@pytest.mark.parametrize("device", ["cuda:x", "cuda:", "tpu", ":0"])
def test_a_device_is_a_kind_with_an_optional_number(device: str) -> None:
    assert settled("faster", BASE, device=device).refusal("device")
    assert not settled("faster", BASE, device="cuda:1").refusal("device")


def test_word_times_have_one_source() -> None:
    ours = settled("faster", TINY_EN, word_timestamps=True, align=True).options
    assert ours.annotate.align and not ours.decode.word_timestamps
    theirs = settled("ctc", WAV2VEC2, align=True).options
    assert theirs.decode.word_timestamps and not theirs.annotate.needs_alignment


def test_a_backend_without_temperature_is_not_retried() -> None:
    assert settled("ctc", WAV2VEC2).options.decode.temperatures == (0.0,)
    assert settled("faster", TINY_EN).options.decode.temperature is None


def test_the_first_refusal_is_raised_as_its_own_error() -> None:
    result = settled("mms", MMS, beam_size=5)
    with pytest.raises(UnsupportedOption) as caught:
        result.checked()
    assert (caught.value.code, caught.value.option) == ("unsupported_option", "beam_size")
    assert settled("mms", MMS).checked(language_later=True)
    with pytest.raises(UnknownModel):
        settled("mms", UnknownModel("?")).checked(language_later=True)


def test_settle_leniently_drops_and_lists_droppable_options() -> None:
    load, transcribe = split_options({"beam_size": 5, "threads": 2, "hotwords": "a"})
    facts = Facts(replace(TINY_EN))
    droppable = ("beam_size", "threads")
    result = settle_leniently(registry.find("jax"), facts, load, transcribe, droppable)
    assert {refusal.option for refusal in result.dropped} == set(droppable)
    assert (result.options.decode.beam_size, result.load.threads) == (None, 0)
    assert result.options.decode.hotwords == "a" and not result.refusals
    strict = settle_leniently(registry.find("openai"), facts, load, transcribe, ("beam_size",))
    assert [refusal.option for refusal in strict.refusals] == ["hotwords"] and not strict.dropped


def test_error_codes_are_unique() -> None:
    kinds = [
        kind for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, UnispeechError)
    ]  # fmt: skip
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert Refusal.of(UnknownModel("x"), "model").error().code == "model_not_found"


def test_catalog_models_run_on_the_backends_of_their_family() -> None:
    for entry in catalog.ENTRIES:
        for spec in registry.BUILT_IN:
            result = settle(spec, Facts(entry.facts), *split_options({"language_id_model": "mms"}))
            assert (result.refusal("model") is None) is spec.runs(entry.family)
    assert TranscribeOptions() == TranscribeOptions.of()

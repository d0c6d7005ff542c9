"""The gate, as tables: backends by options, families of models, and what the disk says."""

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
    "cpp": "hotwords ngram cuda int8",
    "whisperx": "ngram",
    "jax": "ngram native cuda int8 threads words beam",
    "openvino": "ngram cuda words beam",
    "mms": "native translate int8 prompt hotwords beam warm align-with",
    "ctc": "native translate int8 prompt hotwords beam warm align-with",
}
"""Of `OPTIONS`, what each backend refuses of a model of its own kind (`-` for a space)."""


def settled(
    backend: str, model: ModelFacts | UnispeechError, live: bool = False, **options: Any
) -> Settled:
    """The gate's answer where every companion is here and of the right kind."""
    load, wanted = split_options(options)
    facts = Facts(
        model,
        identifier=LID if wanted.language_id_model else None,
        aligner=WAV2VEC2 if wanted.annotate.needs_alignment else None,
        diarizer=PYANNOTE if wanted.annotate.needs_speakers else None,
    )
    return settle(registry.find(backend), facts, load, wanted, live)


def own_model(backend: str) -> ModelFacts:
    return TINY_EN if registry.find(backend).family == "whisper" else WAV2VEC2


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("backend", REFUSED)
def test_each_backend_refuses_what_it_lacks_and_nothing_else(backend: str, name: str) -> None:
    model = BASE if name == "translate" and backend not in ("mms", "ctc") else own_model(backend)
    found = settled(backend, model, **OPTIONS[name])
    refused = {one.replace("-", " ") for one in REFUSED[backend].split()}
    assert bool(found.refusals) is (name in refused), found.refusals
    for refusal in found.refusals:
        assert refusal.option in OPTIONS[name], refusal
        assert issubclass(refusal.kind, UnsupportedOption)


def test_the_table_is_of_every_backend_we_bring() -> None:
    assert set(REFUSED) == {spec.name for spec in registry.BUILT_IN}


@pytest.mark.parametrize("backend", REFUSED)
@pytest.mark.parametrize("model", [BASE, MMS, LID, PYANNOTE], ids=lambda model: model.family)
def test_a_backend_runs_models_of_its_own_family(backend: str, model: ModelFacts) -> None:
    found = settled(backend, model, language=next(iter(model.languages), None))
    own = registry.find(backend).family == model.family
    assert [(one.code, one.option) for one in found.refusals] == (
        [] if own else [("model_family", "model")]
    )


@pytest.mark.parametrize(
    ("backend", "model", "options", "codes"),
    [
        ("faster", TINY_EN, {"language": "fr"}, ["unsupported_option"]),
        ("faster", BASE, {"language": "xyzzy"}, ["invalid_value"]),
        ("faster", TINY_EN, {"task": "translate"}, ["model_cannot_translate"]),
        ("faster", TURBO, {"task": "translate"}, ["model_cannot_translate"]),
        ("mms", MMS, {}, [LANGUAGE_REQUIRED]),
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
def test_what_a_model_never_learned_is_refused(
    backend: str, model: ModelFacts | UnispeechError, options: dict[str, Any], codes: list[str]
) -> None:
    assert [one.code for one in settled(backend, model, **options).refusals] == codes


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 4}, {"chunk_length": 20.0}, {"language_id_model": "mms"},
        {"vad_threshold": 0.3}, {"vad_min_silence": 1.0}, {"vad_pad": 0.1},
    ],
    ids=str,
)  # fmt: skip
def test_what_only_our_engine_does_is_not_native(options: dict[str, Any]) -> None:
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
    found = settled(backend, BASE, strategy="native", language=None, **options)
    assert [one.option for one in found.refusals] == refused


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
def test_companions_are_here_and_of_the_right_kind(
    facts: Facts, options: dict[str, Any], code: str, option: str
) -> None:
    load, wanted = split_options(options)
    (refusal,) = settle(registry.find("faster"), facts, load, wanted).refusals
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
    found = settled("faster", BASE, live=True, **options).refusals
    assert [one.option for one in found if one.code == "not_live"] == refused


def test_a_stream_is_not_told_of_what_it_has_not() -> None:
    hints = [settled("mms", MMS, live=live).refusal("language") for live in (False, True)]
    assert [one is not None and "language_id_model" in one.hint for one in hints] == [True, False]


@pytest.mark.parametrize("device", ["cuda:x", "cuda:", "tpu", ":0"])
def test_a_device_is_a_kind_and_perhaps_a_number(device: str) -> None:
    assert settled("faster", BASE, device=device).refusal("device")
    assert not settled("faster", BASE, device="cuda:1").refusal("device")


def test_word_times_have_one_source() -> None:
    ours = settled("faster", TINY_EN, word_timestamps=True, align=True).options
    assert ours.annotate.align and not ours.decode.word_timestamps
    theirs = settled("ctc", WAV2VEC2, align=True).options
    assert theirs.decode.word_timestamps and not theirs.annotate.needs_alignment


def test_a_backend_without_temperature_is_not_asked_again_and_again() -> None:
    assert settled("ctc", WAV2VEC2).options.decode.temperatures == (0.0,)
    assert settled("faster", TINY_EN).options.decode.temperature is None


def test_the_first_refusal_is_raised_as_its_own_error() -> None:
    found = settled("mms", MMS, beam_size=5)
    with pytest.raises(UnsupportedOption) as caught:
        found.checked()
    assert (caught.value.code, caught.value.option) == ("unsupported_option", "beam_size")
    assert settled("mms", MMS).checked(language_later=True)
    with pytest.raises(UnknownModel):
        settled("mms", UnknownModel("?")).checked(language_later=True)


def test_leniently_drops_what_it_may_and_says_so() -> None:
    load, wanted = split_options({"beam_size": 5, "threads": 2, "hotwords": "a"})
    facts = Facts(replace(TINY_EN))
    found = settle_leniently(registry.find("jax"), facts, load, wanted, ("beam_size", "threads"))
    assert {one.option for one in found.dropped} == {"beam_size", "threads"}
    assert (found.options.decode.beam_size, found.load.threads) == (None, 0)
    assert found.options.decode.hotwords == "a" and not found.refusals
    strict = settle_leniently(registry.find("openai"), facts, load, wanted, ("beam_size",))
    assert [one.option for one in strict.refusals] == ["hotwords"] and not strict.dropped


def test_every_error_has_a_code_of_its_own() -> None:
    kinds = [
        kind for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, UnispeechError)
    ]  # fmt: skip
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert Refusal.of(UnknownModel("x"), "model").error().code == "model_not_found"


def test_facts_of_the_catalog_pass_the_gate() -> None:
    """What is in the catalog runs on the backends of its family."""
    for entry in catalog.ENTRIES:
        for spec in registry.BUILT_IN:
            found = settle(spec, Facts(entry.facts), *split_options({"language_id_model": "mms"}))
            assert (found.refusal("model") is None) is (entry.family == spec.family)
    assert TranscribeOptions() == TranscribeOptions.of()

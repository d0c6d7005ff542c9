"""Recommended models: what is left out for a language and a machine, and why."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from support.errors import raises
from unispeech.cli import cli
from unispeech.errors import OptionError
from unispeech.models import catalog
from unispeech.models.recommend import ADVICE, accuracy_order, recommend


def names(*, good: bool = True, **request: object) -> list[str]:
    judged = recommend(**request)  # type: ignore[arg-type]
    return [one.entry.name for one in judged if bool(one.against) is not good]


def test_every_advice_is_of_the_catalog_and_a_language_of_its_model() -> None:
    for advice in ADVICE:
        entry = catalog.find(advice.name)
        assert entry is not None and entry.name == advice.name
        assert set(advice.only) <= set(entry.languages)
        assert advice.light or not advice.live  # slower than real time is too slow for captions


def test_a_model_made_for_the_language_comes_first() -> None:
    assert names(language="ru")[0].startswith("gigaam-v3")
    assert names(language="kazakh")[0].startswith("gigaam-multilingual")
    assert names(language="en")[0].startswith("parakeet-tdt-0.6b-v2")
    assert names(language="de")[0].startswith("parakeet-tdt-0.6b-v3")
    assert names(language="yue")[0] == "sensevoice-small-int8"
    assert names(language="quy")[0].startswith("omnilingual")


def test_models_without_advice_are_no_better_than_larger_ones_of_their_family() -> None:
    order = accuracy_order()
    pairs = [("large-v3", "large-v2"), ("gigaam-v3-e2e-rnnt", "gigaam-multilingual-ctc"),
             ("parakeet-tdt-0.6b-v3", "parakeet-ctc-0.6b"), ("mms-1b-all", "mms-1b-l1107"),
             ("large-v3", "medium"), ("medium", "small"), ("small", "small.en")]  # fmt: skip
    for better, other in pairs:
        assert order.index(better) < order.index(other)


def test_memory_leaves_out_large_models() -> None:
    small = recommend("de", memory=1e9)
    fits = [one.entry.name for one in small if not one.against]
    assert fits == ["base", "tiny", "omnilingual-ctc-300m-int8"]
    reasons = {one.entry.name: " ".join(one.against) for one in small}
    assert "GB of memory" in reasons["parakeet-tdt-0.6b-v3-int8"]


def test_a_gpu_allows_large_models_and_needs_no_int8() -> None:
    assert not any(name.endswith("int8") for name in names(language="de", device="cuda"))
    assert {"large-v3", "parakeet-tdt-0.6b-v3"} <= set(names(language="de", device="cuda"))


def test_live_captions_leave_out_slow_models() -> None:
    live = names(language="ja", live=True, cores=16)
    assert "small" not in live and live == ["sensevoice-small-int8", "base", "tiny"]
    assert "small" in names(language="ja", cores=16)


def test_a_licence_that_forbids_commercial_use_is_a_reason() -> None:
    mms = recommend("quz", cores=16)[-1]
    assert mms.entry.name == "mms-1b-all"
    assert any("not for commercial use" in reason for reason in mms.reasons)


def test_without_a_language_only_models_of_several_are_recommended() -> None:
    assert not {"gigaam-v3-e2e-rnnt", "parakeet-tdt-0.6b-v2"} & set(names(device="cuda"))


@pytest.mark.parametrize("language", ["klingon", "xx"])
def test_an_unknown_language_is_an_error(language: str) -> None:
    with raises(OptionError, language):
        recommend(language)


def test_figures_have_a_date() -> None:
    figures = [entry.figures for entry in catalog.ENTRIES if entry.figures]
    assert figures and all(row.date == "2026-03" and 0 < row.wer < 100 for row in figures)


def shown(*arguments: str) -> str:
    return CliRunner().invoke(cli, ["models", "recommend", *arguments]).output


def test_live_captions_are_recommended_with_their_command() -> None:
    assert "unispeech mic --model base" in shown("--live", "--device", "cpu")
    assert "unispeech transcribe FILE --model base" in shown("--device", "cpu")


def test_a_language_of_two_words_is_one_argument() -> None:
    assert "--language 'haitian creole'" in shown("--language", "haitian creole")


def test_the_smallest_model_is_nearest_to_a_machine_that_is_too_small() -> None:
    advice = shown("--memory", "10MB", "--device", "cpu")
    assert "\n1. tiny (" in advice and "more than 0.01" in advice
    with raises(OptionError, "not a size"):
        CliRunner().invoke(cli, ["models", "recommend", "--memory", "0"], catch_exceptions=False)


def test_the_language_auto_means_several_languages() -> None:
    assert shown("--language", "auto") == shown() != shown("--language", "en")

"""Languages of MMS by any name, from the catalog and from folders, and language detection."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from support.errors import raises
from support.small_mms import CLIPS, ENGLISH, LID, MODEL, RUSSIAN, TEXTS, run
from unispeech import languages
from unispeech.audio.recording import load
from unispeech.backends.settle import LANGUAGE_REQUIRED
from unispeech.engine.engine import Engine
from unispeech.errors import OptionError, UnsupportedOption
from unispeech.models import catalog, store
from unispeech.types import SAMPLE_RATE

Get = Callable[..., Engine]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("swh", "swh"), ("sw", "swh"), ("Swahili", "swh"), ("az", "azj-script_latin"),
        ("azerbaijani", "azj-script_latin"), ("aze", "azj-script_latin"), ("no", "nob"),
        ("azj-script_cyrillic", "azj-script_cyrillic"), ("chinese", "cmn-script_simplified"),
        ("Kurdish", "kmr-script_latin"), ("de-AT", "deu"), ("zh", "cmn-script_simplified"),
    ],
)  # fmt: skip
def test_languages_are_accepted_by_any_name(name: str, code: str) -> None:
    assert store.describe("facebook/mms-1b-all").language(name) == code


def test_the_catalog_lists_the_languages_of_each_model() -> None:
    all_languages = store.describe("mms-1b-all").languages
    assert len(all_languages) == 1198
    assert len(store.describe("mms-1b-fl102").languages) == 102
    assert set(store.describe("mms-1b-l1107").languages) < set(all_languages)
    for ambiguous in ("cak", "Kaqchikel"):
        with raises(OptionError, "cak-dialect_central"):
            store.describe("mms-1b-all").language(ambiguous)
    assert store.licence("mms-1b-all") == store.licence("mms-lid-126") == "CC-BY-NC 4.0"
    entry = catalog.find("facebook/mms-1b-all")
    assert entry and store.terms(entry) == "CC-BY-NC 4.0: not for commercial use"


def test_whisper_models_accept_iso_639_3_codes() -> None:
    assert languages.code("deu") == "de" and languages.code("swh") == "sw"


def test_a_language_id_model_detects_the_language(mms: Engine) -> None:
    for name in TEXTS:
        samples = np.tile(load(CLIPS / name), 2)
        transcript = mms.transcribe(samples, SAMPLE_RATE, language_id_model=str(LID))
        assert transcript.language == name[:3]
        assert transcript.language_probability and transcript.language_probability > 0.5
    with pytest.raises(UnsupportedOption) as caught:
        mms.transcribe(CLIPS / ENGLISH[0])
    assert caught.value.code == LANGUAGE_REQUIRED
    with raises(OptionError, option="language_id_model"):
        mms.transcribe(CLIPS / ENGLISH[0], language="eng", language_id_model=str(LID))
    with pytest.raises(UnsupportedOption) as caught:
        mms.transcribe(CLIPS / ENGLISH[0], language_id_model=str(MODEL))
    assert (caught.value.code, caught.value.option) == ("model_family", "language_id_model")


@pytest.mark.slow
def test_a_language_id_model_works_with_other_backends(engine: Get) -> None:
    whisper = engine(model="base")
    for name, code in ((ENGLISH[0], "en"), (RUSSIAN[0], "ru")):
        transcript = whisper.transcribe(CLIPS / name, language_id_model=str(LID))
        assert transcript.language == code


def test_languages_are_listed_on_the_command_line() -> None:
    assert run("languages", "--backend", "mms", "swahili") == "swh\tSwahili\tsw\n"
    assert len(run("languages", "--backend", "mms").splitlines()) == 1198
    assert run("languages", "--model", str(MODEL), "--backend", "mms") == (
        "eng\tEnglish\ten\nrus\tRussian\tru\n"
    )
    assert run("languages", "--model", "mms-1b-fl102", "zulu") == "zul\tZulu\tzu\n"
    assert "de\tGerman\n" in run("languages")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--backend", "mms", "swahilli"], "did you mean 'Swahili'?"),
        (["--backend", "ctc"], "--model: the backend ctc"),
        (["--backend", "mms", "--model", "base"], "a Whisper model"),
    ],
)
def test_errors_of_languages_are_one_line(arguments: list[str], message: str) -> None:
    command = [sys.executable, "-m", "unispeech", "languages", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1
    assert not done.stdout

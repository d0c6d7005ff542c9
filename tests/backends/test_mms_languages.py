"""Which languages MMS has, by any name: the catalog's, a folder's, and the heard one."""

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
    ("given", "code"),
    [
        ("swh", "swh"), ("sw", "swh"), ("Swahili", "swh"), ("az", "azj-script_latin"),
        ("azerbaijani", "azj-script_latin"), ("aze", "azj-script_latin"), ("no", "nob"),
        ("azj-script_cyrillic", "azj-script_cyrillic"), ("chinese", "cmn-script_simplified"),
        ("Kurdish", "kmr-script_latin"), ("de-AT", "deu"), ("zh", "cmn-script_simplified"),
    ],
)  # fmt: skip
def test_languages_by_any_name(given: str, code: str) -> None:
    assert store.describe("facebook/mms-1b-all").language(given) == code


def test_the_catalog_knows_what_each_model_speaks() -> None:
    everything = store.describe("mms-1b-all").languages
    assert len(everything) == 1198
    assert len(store.describe("mms-1b-fl102").languages) == 102
    assert set(store.describe("mms-1b-l1107").languages) < set(everything)
    for several in ("cak", "Kaqchikel"):
        with raises(OptionError, "cak-dialect_central"):
            store.describe("mms-1b-all").language(several)
    assert store.licence("mms-1b-all") == store.licence("mms-lid-126") == "CC-BY-NC 4.0"
    entry = catalog.find("facebook/mms-1b-all")
    assert entry and store.terms(entry) == "CC-BY-NC 4.0: not for commercial use"


def test_other_models_take_iso_639_3_too() -> None:
    assert languages.code("deu") == "de" and languages.code("swh") == "sw"


def test_a_language_is_found_by_a_model_for_that(mms: Engine) -> None:
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
def test_it_decides_for_other_backends_too(engine: Get) -> None:
    whisper = engine(model="base")
    for name, code in ((ENGLISH[0], "en"), (RUSSIAN[0], "ru")):
        transcript = whisper.transcribe(CLIPS / name, language_id_model=str(LID))
        assert transcript.language == code


def test_languages_are_listed_by_command() -> None:
    assert run("languages", "--backend", "mms", "swahili") == "swh\tSwahili\tsw\n"
    assert len(run("languages", "--backend", "mms").splitlines()) == 1198
    assert run("languages", "--model", str(MODEL), "--backend", "mms") == (
        "eng\tEnglish\ten\nrus\tRussian\tru\n"
    )
    assert run("languages", "--model", "mms-1b-fl102", "zulu") == "zul\tZulu\tzu\n"
    assert "de\tGerman\n" in run("languages")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--backend", "mms", "swahilli"], "did you mean 'Swahili'?"),
        (["--backend", "ctc"], "--model: the backend ctc has no default"),
        (["--backend", "mms", "--model", "base"], "a Whisper model"),
    ],
)
def test_no_language_is_a_line(arguments: list[str], said: str) -> None:
    command = [sys.executable, "-m", "unispeech", "languages", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1
    assert not done.stdout

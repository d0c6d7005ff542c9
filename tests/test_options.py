"""Options: validated when made, flat names sorted into their rooms."""

from typing import Any

import pytest

from support.errors import raises
from unispeech import languages
from unispeech.errors import OptionError
from unispeech.options import TranscribeOptions


def test_flat_names_reach_their_stage() -> None:
    options = TranscribeOptions.of(beam_size=2, vad=False, batch_size=4, strategy="native")
    assert options.decode.beam_size == 2
    assert not options.vad.enabled
    assert options.batch.batch_size == 4
    assert options.strategy == "native"


def test_a_call_overrides_the_engine() -> None:
    base = TranscribeOptions.of(beam_size=2, language="fr")
    options = TranscribeOptions.of(base, beam_size=3)
    assert (options.decode.beam_size, options.decode.language) == (3, "fr")


def test_an_unknown_option_suggests_the_nearest() -> None:
    with raises(OptionError, "'beam_size'"):
        TranscribeOptions.of(beam_sizes=3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("beam_size", 0),
        ("task", "sing"),
        ("strategy", "magic"),
        ("batch_size", 0),
        ("temperature", 9.0),
    ],
)
def test_a_wrong_value_names_the_option(name: str, value: Any) -> None:
    with raises(OptionError, option=name):
        TranscribeOptions.of(**{name: value})


@pytest.mark.parametrize(
    ("said", "code"),
    [("fr", "fr"), ("French", "fr"), ("de-CH", "de"), ("MANDARIN", "zh"), ("pt_BR", "pt")],
)
def test_languages_by_code_and_name(said: str, code: str) -> None:
    assert languages.code(said) == code


def test_an_unknown_language_suggests() -> None:
    with raises(OptionError, "swahili"):
        languages.code("swahilli")

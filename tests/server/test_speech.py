"""Checks of requests, which reject at once what would fail later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from unispeech.backends.settle import LANGUAGE_REQUIRED
from unispeech.errors import UnispeechError
from unispeech.server import settings
from unispeech.server.speech.speech import Speech

LONG = "somebody/" + "x" * 300
"""Hub ID longer than a folder name may be."""


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Speech]:
    folder: Path = tmp_path_factory.mktemp("speech")
    (folder / "ngrams").mkdir()
    (folder / "ngrams" / "kept.arpa").touch()
    speech = Speech(settings.read(data_dir=folder, batch_size=8, decoders=1))
    yield speech
    speech.close()


@pytest.mark.parametrize(
    ("options", "code", "option"),
    [
        ({"backend": "faster", "model": "mms-1b-all"}, "model_family", "model"),
        ({"backend": "mms", "model": "mms-1b-all"}, LANGUAGE_REQUIRED, "language"),
        ({"device": "cpu"}, "server_setting", "device"),
        ({"isolated": True}, "server_setting", "isolated"),
        ({"batch_size": 16}, "over_limit", "batch_size"),
        ({"ngram": "x.arpa"}, "file_not_offered", "ngram"),
        ({"ngram": "../x.arpa"}, "file_not_offered", "ngram"),
        ({"ngram": "/etc/passwd"}, "file_not_offered", "ngram"),
        ({"ngram": "kept.arpa"}, "unsupported_option", "ngram"),
        ({"align_model": "/etc"}, "model_not_offered", "align_model"),
        ({"align_model": "somebody/unknown"}, "model_not_offered", "align_model"),
        ({"align_model": "base"}, "model_family", "align_model"),
        ({"language_id_model": "../models"}, "model_not_offered", "language_id_model"),
        ({"language_id_model": "mms-1b-all"}, "model_family", "language_id_model"),
        ({"beam_size": 0}, "invalid_value", "beam_size"),
        ({"hotword": "x"}, "invalid_value", "hotword"),
        ({"model": "bse"}, "model_not_found", "model"),
        ({"model": LONG}, "model_not_found", "model"),
        ({"align_model": LONG}, "model_not_offered", "align_model"),
        ({"ngram": "x" * 300}, "file_not_offered", "ngram"),
        ({"ngram": "kept.arpa\0"}, "file_not_offered", "ngram"),
        ({"ngram": ".."}, "file_not_offered", "ngram"),
        ({"backend": "nope"}, "backend_not_found", "backend"),
    ],
)
def test_a_refusal_has_a_code_and_an_option(
    speech: Speech, options: dict[str, Any], code: str, option: str
) -> None:
    with pytest.raises(UnispeechError) as caught:
        speech.make_request(**options)
    assert (caught.value.code, caught.value.option) == (code, option)


def test_a_request_with_the_old_name_of_an_option_is_accepted(speech: Speech) -> None:
    """A range inherits the options of a stored job."""
    with pytest.warns(DeprecationWarning, match="language_id_model"):
        request = speech.make_request(model="base", backend="faster", detect_language="mms-lid-126")
    assert not request.refusals


def test_a_review_lists_all_refusals(speech: Speech) -> None:
    request = speech.review_request(
        model="mms-1b-all", backend="mms", task="translate", hotwords="x", batch_size=99
    )
    assert [(refusal.code, refusal.option) for refusal in request.refusals] == [
        ("over_limit", "batch_size"),
        ("not_offered", "task"),
        ("unsupported_option", "hotwords"),
        ("model_cannot_translate", "task"),
        (LANGUAGE_REQUIRED, "language"),
    ]


def test_supported_requests_are_accepted(speech: Speech) -> None:
    request = speech.make_request(backend="mms", model="mms-1b-all", language="swahili")
    assert (request.backend, request.model, request.options) == (
        "mms",
        "mms-1b-all",
        {"language": "swahili"},
    )
    assert speech.make_request(batch_size=8).backend == "faster"


def test_a_named_ngram_is_a_file_of_the_server(speech: Speech) -> None:
    request = speech.review_request(
        backend="mms", model="mms-1b-all", language="swh", ngram="kept.arpa"
    )
    assert request.options["ngram"] == "kept.arpa"
    path = speech.settings.data_dir / "ngrams" / "kept.arpa"
    assert speech.with_server_options(request.options)["ngram"] == str(path)
    assert "ngram" not in {
        refusal.option for refusal in request.refusals if refusal.code == "file_not_offered"
    }

"""The contract suite over every built-in backend, in this process and in a worker.

A case whose library is missing is skipped with the reason; with `UNISPEECH_REQUIRE_ALL=1` it fails.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from unispeech.backends import registry
from unispeech.testing import BackendContract, Case
from unispeech.testing.contract import Get, missing_requirement

REQUIRE_ALL = os.environ.get("UNISPEECH_REQUIRE_ALL") == "1"
QUICK = ("faster",)
"""The cases of the quick run."""
WHISPER: dict[str, Any] = {"model": "tiny.en", "multilingual": "base"}
CASES = (
    *(Case(spec.name, **WHISPER) for spec in registry.BUILT_IN if spec.family == "whisper"),
    Case("openai", {"compute_type": "int8"}, **WHISPER),
    Case("faster", {"isolated": True}, **WHISPER),
)
"""The CTC backends are in `test_mms.py` and `test_ctc_backend.py`: the test data has no large
English CTC model."""


def params() -> list[Any]:
    """Every case; all but `QUICK` are marked slow."""
    return [
        pytest.param(case, id=str(case), marks=() if str(case) in QUICK else pytest.mark.slow)
        for case in CASES
    ]


class TestContract(BackendContract):
    @pytest.fixture(scope="class", params=params())
    @classmethod
    def case(cls, request: pytest.FixtureRequest) -> Case:
        case: Case = request.param
        if reason := missing_requirement(case):
            if REQUIRE_ALL:
                pytest.fail(reason)
            pytest.skip(reason)
        return case

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls, engine: Get) -> Get:
        """The engines shared by the whole run (`conftest.py`)."""
        return engine

    test_a_language_is_detected_and_translated = pytest.mark.slow(
        BackendContract.test_a_language_is_detected_and_translated
    )
    test_every_compute_type_transcribes_or_says_why_not = pytest.mark.slow(
        BackendContract.test_every_compute_type_transcribes_or_says_why_not
    )
    test_the_library_is_silent = pytest.mark.slow(BackendContract.test_the_library_is_silent)

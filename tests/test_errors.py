"""The hint of an error about an unknown name."""

from __future__ import annotations

import pytest

from unispeech.errors import did_you_mean, nearest


@pytest.mark.parametrize(
    ("name", "hint"), [("beam_sizes", "did you mean 'beam_size'?"), ("xyz", "see the docs")]
)
def test_the_nearest_name_is_suggested(name: str, hint: str) -> None:
    assert did_you_mean(nearest(name, ["beam_size", "task"]), "see the docs") == hint


def test_a_name_may_have_to_be_very_near() -> None:
    assert nearest("hosts", ["host"], cutoff=0.95) == ""

"""Hints of errors about unknown names."""

from __future__ import annotations

import pytest

from unispeech.errors import did_you_mean, nearest


@pytest.mark.parametrize(
    ("name", "hint"), [("beam_sizes", "did you mean 'beam_size'?"), ("xyz", "see the docs")]
)
def test_the_nearest_name_is_suggested(name: str, hint: str) -> None:
    assert did_you_mean(nearest(name, ["beam_size", "task"]), "see the docs") == hint


def test_a_higher_cutoff_requires_a_closer_name() -> None:
    assert nearest("hosts", ["host"], cutoff=0.95) == ""

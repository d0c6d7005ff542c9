"""The faster order of an acoustic model's senones."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from support.samples import SAMPLES, reference
from unispeech.aligners import lexicon, senones
from unispeech.aligners.soundswallower import SoundSwallower
from unispeech.audio.recording import load
from unispeech.types import Word


def test_bridges_lead_to_senones_of_the_same_phone() -> None:
    owners = np.repeat(np.arange(40), 120)
    order = senones._order(owners, [b"A", b"SIL", *[b"B"] * 38])
    assert sorted(order) == list(range(len(owners)))
    reordered = np.empty_like(owners)
    reordered[order] = owners
    assert reordered[0] == 1
    bridged = reordered[senones.BRIDGE :] == reordered[: -senones.BRIDGE]
    assert bridged.mean() > 0.9


@pytest.mark.parametrize("language", ["en", "fr"])
def test_weights_move_with_their_senones(language: str) -> None:
    folder = lexicon.folder(language)
    assert folder is not None
    definition, order = senones._definition((folder / "mdef").read_bytes())
    back = np.argsort(order)
    weights = (folder / "sendump").read_bytes()
    assert senones._weights(senones._weights(weights, order), back) == weights
    assert len(definition) == (folder / "mdef").stat().st_size


def test_times_are_the_same_without_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound, text = load(SAMPLES / "english.wav"), reference("english").split()
    fast = SoundSwallower("en").align(sound, text, "en", phones=True)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    assert _times(SoundSwallower("en").align(sound, text, "en", phones=True)) == _times(fast)
    assert list(tmp_path.iterdir()) == []


def _times(words: Sequence[Word | None]) -> list[tuple[float, float, str]]:
    found = [word for word in words if word]
    return [(w.start, w.end, w.word) for word in found for w in (word, *word.phones)]

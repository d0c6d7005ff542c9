"""The choice of an audio track."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.errors import raises
from support.recordings import Sound, recorded
from unispeech.audio import probe
from unispeech.audio.recording import Recording
from unispeech.errors import AudioError

TONE = (0.3 * np.sin(np.arange(16_000) * 0.2)).astype(np.float32)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tracks") / "film.mkv"
    languages = ("eng", "ger", "fre")
    sounds = [Sound(((0, TONE),), lang, default=lang == "ger") for lang in languages]
    return recorded(path, *sounds, film=1.0)


@pytest.mark.parametrize(
    ("wanted", "number"),
    [(None, 2), ("1", 1), ("3", 3), ("en", 1), ("eng", 1), ("English", 1), ("de", 2), ("deu", 2),
     ("ger", 2), ("fr-CA", 3), ("fra", 3)],
)  # fmt: skip
def test_a_track_has_a_number_and_a_language_in_any_spelling(
    film: Path, wanted: str | None, number: int
) -> None:
    assert probe.track(film, wanted).number == number


@pytest.mark.parametrize("wanted", ["0", "4", "es", "director"])
def test_a_track_that_is_not_there_is_an_error_that_lists_the_tracks(
    film: Path, wanted: str
) -> None:
    with raises(AudioError, wanted, "1 (eng", "3 (fre", code="no_such_track"):
        Recording(film, track=wanted).read()


def test_a_track_of_an_unknown_codec_is_no_sound(tmp_path: Path) -> None:
    path = recorded(tmp_path / "x.mka", Sound(((0, TONE),)))
    data = path.read_bytes()
    assert b"A_FLAC" in data
    path.write_bytes(data.replace(b"A_FLAC", b"A_XLAC"))
    with raises(AudioError):
        Recording(path).read()

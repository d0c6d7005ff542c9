"""Bounds from a model's shape and the memory. No weights."""

from __future__ import annotations

import pytest

from unispeech.backends.whisper import bounds
from unispeech.backends.whisper.bounds import Need
from unispeech.errors import BackendError
from unispeech.models import catalog
from unispeech.models.formats.whisper_shape import CANTONESE, Dims

GB = 10**9
BASE = Dims(80, 1500, 512, 8, 6, 51865, 448, 512, 8, 6)
TURBO = Dims(128, 1500, 1280, 20, 32, CANTONESE, 448, 1280, 20, 4)
LARGE = Dims(128, 1500, 1280, 20, 32, CANTONESE, 448, 1280, 20, 32)
TURBO_FILE, LARGE_FILE = 1_617_884_929, 3_087_284_237
"""Sizes of the published `model.bin` files, in float16."""


@pytest.mark.parametrize(("dims", "megabytes"), [(BASE, 1.2), (TURBO, 2.0), (LARGE, 16.4)])
def test_the_cross_attention_cache_follows_the_decoder(dims: Dims, megabytes: float) -> None:
    assert bounds.cross_attention_bytes(dims) / 1e6 == pytest.approx(megabytes, abs=0.05)


def test_a_small_model_is_bounded_by_speed_alone() -> None:
    assert bounds.batch_seconds(BASE, 2, 2 * GB) == 160.0
    assert bounds.batch_seconds(LARGE, 2, None) == 160.0


def test_a_large_decoder_gets_smaller_batches_where_memory_is_short() -> None:
    seconds = bounds.batch_seconds(LARGE, 2, 8 * GB)
    assert 60.0 < seconds < 62.0
    assert 2 * seconds * bounds.cross_attention_bytes(LARGE) == pytest.approx(2 * GB)


def test_a_batch_holds_at_least_one_window() -> None:
    assert bounds.batch_seconds(LARGE, 64, GB) == 30.0


def test_turbo_fits_into_8_gb_with_the_bfloat16_encoder() -> None:
    need = Need(TURBO, TURBO_FILE)
    assert need.bfloat16() < 3.2 * GB
    assert bounds.fits_bfloat16("large-v3-turbo", need, 6 * GB, 6 * GB, is_required=False)


def test_a_default_encoder_that_does_not_fit_runs_in_int8() -> None:
    need = Need(TURBO, TURBO_FILE)
    assert need.ctranslate2("int8") < 2 * GB < need.bfloat16()
    assert not bounds.fits_bfloat16("large-v3-turbo", need, 2 * GB, 2 * GB, is_required=False)


def test_int8_is_preferred_to_swapping() -> None:
    need = Need(TURBO, TURBO_FILE)
    assert not bounds.fits_bfloat16("mine", need, 2 * GB, 8 * GB, is_required=False)
    assert bounds.fits_bfloat16("mine", need, 2 * GB, 8 * GB, is_required=True)


def test_a_requested_encoder_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(BackendError) as raised:
        bounds.fits_bfloat16("mine", Need(TURBO, TURBO_FILE), 2 * GB, 2 * GB, is_required=True)
    assert str(raised.value) == (
        "faster: the model 'mine' needs at least 3.0 GB of memory, but 2.0 GB are available; "
        "use compute_type='int8'"
    )


def test_the_error_names_the_largest_model_that_fits() -> None:
    need = Need(LARGE, LARGE_FILE)
    with pytest.raises(BackendError, match="'small' fits"):
        bounds.fits_bfloat16("large-v3", need, GB, GB, is_required=False)
    with pytest.raises(BackendError, match="no Whisper model fits"):
        bounds.check("large-v3", need.ctranslate2("int8"), need.ctranslate2("int8"), 10**6)


def test_a_refused_model_is_not_the_one_that_fits() -> None:
    for entry in (e for e in catalog.ENTRIES if e.family == "whisper"):
        free = int(entry.megabytes * 1e6)
        with pytest.raises(BackendError) as raised:
            bounds.check(entry.name, free + 1, free + 1, free)
        assert f"'{entry.name}' fits" not in str(raised.value)


def test_the_memory_file_counts_for_the_choice_but_not_for_the_refusal() -> None:
    need = Need(LARGE, LARGE_FILE)
    assert need.bfloat16() < 6 * GB < need.loading_bfloat16()
    assert not bounds.fits_bfloat16("large-v3", need, 6 * GB, 6 * GB, is_required=False)
    assert bounds.fits_bfloat16("large-v3", need, 6 * GB, 6 * GB, is_required=True)


def test_float32_weights_count_with_four_bytes() -> None:
    need = Need(TURBO, TURBO_FILE)
    assert need.ctranslate2("float32") > 2 * TURBO_FILE - 10**6 > need.ctranslate2("int8")


def test_nothing_is_refused_where_the_memory_is_unknown() -> None:
    bounds.check("large-v3", 10 * GB, GB, None)
    assert bounds.fits_bfloat16("large-v3", Need(LARGE, LARGE_FILE), None, None, is_required=False)

"""CTranslate2 models without their encoder's layers, with real weights."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import ctranslate2
import pytest

from support.samples import SAMPLES
from unispeech.audio.recording import load
from unispeech.backends.whisper import decoder_only
from unispeech.features.logmel import log_mel
from unispeech.features.mel import filters
from unispeech.models import store
from unispeech.models.formats.ctranslate2 import dimensions

PROMPT = [50258, 50259, 50359, 50363]


@pytest.fixture(scope="module")
def weights() -> Path:
    return store.obtain("base")


def loaded(folder: Path) -> Any:
    return ctranslate2.models.Whisper(str(folder), device="cpu", compute_type="int8")


def test_it_decodes_detects_and_aligns_as_the_whole_model(weights: Path) -> None:
    whole = loaded(weights)
    with decoder_only.folder(weights) as folder:
        assert folder != weights and dimensions(folder / "model.bin").n_audio_layer == 1
        assert (folder / "tokenizer.json").is_file()
        part = loaded(folder)
    assert not folder.exists()
    features = log_mel(load(SAMPLES / "english.wav"), filters(80), 30.0)
    encoded = whole.encode(ctranslate2.StorageView.from_array(features[None]))

    def results(model: Any) -> list[Any]:
        text = model.generate(encoded, [PROMPT], beam_size=5)[0].sequences_ids[0]
        aligned = model.align(encoded, PROMPT, [text], 1500)[0]
        return [text, model.detect_language(encoded)[0][:3], aligned.alignments]

    assert results(part) == results(whole)
    assert len(results(part)[0]) > 10


def test_layers_but_the_first_are_removed_with_their_scales() -> None:
    names = decoder_only.REMOVED.match
    assert names("encoder/layer_1/ffn/linear_0/weight_scale") and names("encoder/layer_31/x")
    assert not names("encoder/layer_0/x") and not names("decoder/layer_1/x")


def test_without_memory_files_the_whole_model_is_loaded(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str) -> int:
        raise OSError("not permitted")

    monkeypatch.setattr(os, "memfd_create", refuse)
    with decoder_only.folder(weights) as folder:
        assert folder == weights
    monkeypatch.delattr(os, "memfd_create")
    with decoder_only.folder(weights) as folder:
        assert folder == weights


@pytest.mark.parametrize("name", ["symlink_to", "open"])
def test_a_system_without_links_or_proc_gets_the_whole_model(
    name: str, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *_: Any) -> None:
        raise OSError("not permitted")

    with monkeypatch.context() as patched:
        patched.setattr(decoder_only, "_copy", lambda *_: None)
        patched.setattr(Path, name, refuse)
        with decoder_only.folder(weights) as folder:
            assert folder == weights


def test_a_file_that_shrinks_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"1234")
    with (
        path.open("rb") as source,
        (tmp_path / "copy").open("wb") as copy,
        pytest.raises(OSError, match="shorter"),
    ):
        decoder_only._copy_range(source, copy, 0, 5)

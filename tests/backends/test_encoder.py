"""The bfloat16 encoder, with real weights, against CTranslate2's encoder in float32."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.errors import raises
from support.samples import SAMPLES
from unispeech.audio.recording import load
from unispeech.backends.faster import FasterWhisper
from unispeech.backends.whisper import bfloat16_encoder
from unispeech.engine.engine import Engine
from unispeech.errors import BackendError, ModelDamaged
from unispeech.features.logmel import log_mel


def test_openvino_sends_no_telemetry_and_the_package_stays_importable(tmp_path: Path) -> None:
    """The package is hidden during our import only; other programs can import it."""
    (tmp_path / "openvino_telemetry.py").write_text('print("telemetry is imported")')
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import unispeech.system.openvino_library as library; library.ov.Core()\n"
        "print('openvino is imported'); import openvino_telemetry"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout == "openvino is imported\ntelemetry is imported\n"


@pytest.mark.parametrize("window", [12.0, 30.0])
def test_the_output_is_close_to_float32(window: float) -> None:
    """On processors without bfloat16, OpenVINO runs in float32, which is closer still."""
    with Engine("faster", "tiny.en", compute_type="float32", threads=1) as engine:
        backend = engine.backend
        assert isinstance(backend, FasterWhisper)
        filters = backend._model.feature_extractor.mel_filters
        features = log_mel(load(SAMPLES / "english.wav"), filters, window)
        theirs = np.asarray(backend._model.encode(features[None]))
        ours = bfloat16_encoder.Encoder(Path(backend._path), streams=1)(features)
    assert ours.shape == theirs.shape == (1, round(window * 50), 384)
    assert np.abs(ours - theirs).mean() < 0.02 * np.abs(theirs).mean()


def test_without_bfloat16_ctranslate2_encodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bfloat16_encoder, "is_available", lambda: False)
    with Engine("faster", "tiny.en") as engine:
        assert isinstance(engine.backend, FasterWhisper) and engine.backend._encoder is None
        assert "garden" in engine.transcribe(SAMPLES / "english.wav").text
    with raises(BackendError, "bfloat16"):
        Engine("faster", "tiny.en", compute_type="int8_bfloat16")


def test_bfloat16_is_the_default_where_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs on any processor: without bfloat16, OpenVINO runs the same graph in float32."""
    monkeypatch.setattr(bfloat16_encoder, "is_available", lambda: True)
    encoded: list[int] = []
    encode = bfloat16_encoder.Encoder.__call__

    def watched(self: bfloat16_encoder.Encoder, features: Any) -> Any:
        encoded.append(features.shape[1])
        return encode(self, features)

    monkeypatch.setattr(bfloat16_encoder.Encoder, "__call__", watched)
    for compute_type in ("default", "int8_bfloat16"):
        encoded.clear()
        with Engine("faster", "tiny.en", compute_type=compute_type) as engine:
            assert "garden" in engine.transcribe(SAMPLES / "english.wav").text
        assert encoded, compute_type


def test_int8_does_not_use_the_bfloat16_encoder() -> None:
    with Engine("faster", "tiny.en", compute_type="int8") as engine:
        assert isinstance(engine.backend, FasterWhisper) and engine.backend._encoder is None


def test_truncated_weights_are_a_damaged_model(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"\x06\x00\x00\x00")
    with raises(ModelDamaged, tmp_path, "truncated"):
        bfloat16_encoder.Encoder(tmp_path, streams=1)

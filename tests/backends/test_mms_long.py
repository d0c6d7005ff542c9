"""Long recordings through CTC models, whose chunks are joined at frame boundaries."""

from __future__ import annotations

import json
import tracemalloc
import wave
from dataclasses import replace
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
import transformers

from support.small_mms import ENGLISH, RUSSIAN, Samples, long_recording
from unispeech.backends.ctc import Ctc
from unispeech.ctc import words
from unispeech.engine.engine import Engine
from unispeech.options import VadOptions
from unispeech.stages import chunking, vad
from unispeech.types import SAMPLE_RATE, Chunk


def decode_at_once(engine: Engine, samples: Samples, language: str) -> str:
    """Decode the samples in one forward pass, and return the text."""
    assert isinstance(engine.backend, Ctc)
    length = len(samples) / SAMPLE_RATE
    (emissions,) = engine.backend.emissions(
        [Chunk(samples, 0.0, length, window=1.0, language=language)]
    )
    return "".join(s.text for s in words.read(emissions, language)).strip()


@pytest.mark.parametrize(("names", "language"), [(ENGLISH, "eng"), (RUSSIAN, "rus")])
def test_chunked_text_matches_the_text_of_one_pass(
    mms: Engine, names: list[str], language: str
) -> None:
    """For a minute of speech, at most 0.5 % of the characters may differ.

    The real MMS attends to its whole input. The small model hardly does (see its train.py), so
    differences here come from joining chunks.
    """
    samples, reference = long_recording(names, 60.0, 0.3)
    at_once = decode_at_once(mms, samples, language)
    assert len(at_once) > 200
    for with_vad in (False, True):
        chunked = mms.transcribe(samples, SAMPLE_RATE, language=language, vad=with_vad).text
        assert jiwer.cer(at_once, chunked) <= 0.005, with_vad
        assert jiwer.cer(reference, chunked) < 0.05


def test_no_frame_is_lost_doubled_or_moved_at_a_seam(tmp_path: Path) -> None:
    """Every frame of the chunks equals the frame of a single pass, up to rounding.

    The model is random and has no attention, so a frame depends on the second around it only.
    """
    config = transformers.Wav2Vec2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        conv_dim=[8] * 7, conv_bias=True, feat_extract_norm="layer", do_stable_layer_norm=True,
        num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2, vocab_size=8, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    model: Any = transformers.Wav2Vec2ForCTC(config)
    torch.nn.init.zeros_(model.wav2vec2.encoder.layers[0].attention.out_proj.weight)
    model.lm_head.weight.data *= 10
    model.save_pretrained(tmp_path)
    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", "A", "B", "C"]
    (tmp_path / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(letters)}))
    (tmp_path / "preprocessor_config.json").write_text('{"do_normalize": false}')
    engine = Engine("ctc", str(tmp_path))
    random = np.random.default_rng(0)
    samples = random.normal(0, 0.3, SAMPLE_RATE * 40).astype(np.float32)
    samples *= np.repeat(random.uniform(0.2, 1, 400), SAMPLE_RATE // 10).astype(np.float32)
    assert isinstance(engine.backend, Ctc)
    (at_once,) = engine.backend.emissions([Chunk(samples, 0.0, 40.0, window=1.0)])
    for length in (7.3, 30.0):
        frames = vad.detect(iter([samples]), VadOptions(enabled=False))
        chunks = list(chunking.plan(frames, VadOptions(), length, context=1.5))
        emissions = engine.backend.emissions([replace(c, window=36.0) for c in chunks])
        scores = words.joined(emissions).scores
        assert len(chunks) > 1 and scores.shape == at_once.scores.shape
        assert np.allclose(scores, at_once.scores, atol=1e-3)


@pytest.mark.slow
def test_memory_is_bounded(mms: Engine, tmp_path: Path) -> None:
    """Twelve minutes need no more memory than six, although their samples take 23 MB more."""

    def peak(minutes: int) -> int:
        path = tmp_path / "long.wav"
        minute = long_recording(ENGLISH, 60.0, 0.2)[0][: 60 * SAMPLE_RATE]
        samples = (minute * 32767).astype("<i2")
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
            for _ in range(minutes):
                file.writeframes(samples.tobytes())
        tracemalloc.start()
        for _ in mms.segments(path, language="eng", vad=False, batch_size=2, chunk_length=5.0):
            pass
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak_bytes

    peak(1)
    assert peak(12) < peak(6) + 6_000_000

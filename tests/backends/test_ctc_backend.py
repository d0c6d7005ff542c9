"""CTC checkpoints without adapters: wav2vec2 and HuBERT."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
import transformers
from safetensors.torch import load_file, save_file

from support.errors import raises
from support.small_mms import CLIPS, ENGLISH, MODEL, TEXTS, copied
from unispeech.backends.ctc import Ctc
from unispeech.engine.engine import Engine
from unispeech.errors import UnsupportedOption
from unispeech.models import store
from unispeech.models.formats.ctc_folder import vocabulary
from unispeech.options import LoadOptions
from unispeech.types import SAMPLE_RATE, Chunk


def test_a_checkpoint_without_adapters_runs_as_ctc(tmp_path: Path, mms: Engine) -> None:
    folder = copied(tmp_path)
    tables = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    (folder / "vocab.json").write_text(json.dumps(tables["eng"]), encoding="utf-8")
    weights = load_file(folder / "model.safetensors")
    del weights["wav2vec2.masked_spec_embed"]  # only training uses it, and many folders lack it
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    engine = Engine("ctc", str(folder))
    first = engine.transcribe(CLIPS / ENGLISH[0])
    assert first.text == TEXTS[ENGLISH[0]] and first.language == "und"
    assert engine.transcribe(CLIPS / ENGLISH[0], language="english").language == "en"


def test_a_checkpoint_with_adapters_needs_the_backend_mms() -> None:
    with raises(UnsupportedOption, "mms"):
        Engine("ctc", str(MODEL))


def test_group_norm_scores_do_not_depend_on_the_batch(tmp_path: Path) -> None:
    """A random HuBERT of the base layout (group norm), whose scores would change with padding."""
    config = transformers.HubertConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        conv_dim=[8] * 7, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2,
        vocab_size=8, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    transformers.HubertForCTC(config).save_pretrained(tmp_path)
    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", "A", "B", "C"]
    (tmp_path / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(letters)}))
    assert vocabulary(tmp_path).tokens == ("", "", "", "", " ", "A", "B", "C")
    backend = Ctc(tmp_path, store.describe(str(tmp_path)), LoadOptions())
    random = np.random.default_rng(0)
    chunks = [
        Chunk(random.normal(size=SAMPLE_RATE * n).astype(np.float32), 0.0, float(n), window=6.0)
        for n in (1, 3, 2)
    ]
    together = backend.emissions(chunks)
    for chunk, batched in zip(chunks, together, strict=True):
        (alone,) = backend.emissions([chunk])
        assert np.array_equal(alone.scores, batched.scores)
        assert len(batched.scores) == pytest.approx(chunk.duration * 50, abs=1)

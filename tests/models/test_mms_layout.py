"""The Hub's layout of facebook/mms-1b-all, with small tensors."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
import transformers
from safetensors.torch import save_file

from support.small_mms import CLIPS, ENGLISH
from unispeech import languages
from unispeech.backends.mms import Mms
from unispeech.engine.engine import Engine
from unispeech.types import SAMPLE_RATE


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in the layout of facebook/mms-1b-all, with small tensors.

    It has one layer and smaller widths, and a vocabulary and an adapter for each of the languages;
    consecutive vocabularies differ in size.
    """
    folder = tmp_path_factory.mktemp("hub") / "mms-1b-all"
    config = transformers.Wav2Vec2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        conv_dim=[8] * 7, conv_bias=True, feat_extract_norm="layer", do_stable_layer_norm=True,
        num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2, adapter_attn_dim=4,
        vocab_size=154, pad_token_id=0, bos_token_id=1, eos_token_id=2, add_adapter=False,
    )  # fmt: skip
    torch.manual_seed(0)
    model = transformers.Wav2Vec2ForCTC(config)
    model.save_pretrained(folder)
    tables = {}
    adapter = {
        n: v.detach() for n, v in model._get_adapters().items() if not n.startswith("lm_head")
    }
    for number, code in enumerate(languages.known_by("a")):
        size = 154 if code == "eng" else 30 + number % 90
        letters = [chr(0x561 + i) for i in range(size - 5)]
        tokens = ["<pad>", "<s>", "</s>", "<unk>", "|", *letters]
        tables[code] = {token: i for i, token in enumerate(tokens)}
        head = {"lm_head.weight": torch.full((size, 16), 0.01), "lm_head.bias": torch.zeros(size)}
        head["lm_head.bias"][5 + number % 20] = 9.0  # so that the letter identifies the language
        save_file({**adapter, **head}, folder / f"adapter.{code}.safetensors")
    (folder / "vocab.json").write_text(json.dumps(tables, ensure_ascii=False), encoding="utf-8")
    return folder


def test_every_language_uses_its_adapter_and_vocabulary(big: Path) -> None:
    engine = Engine("mms", str(big), language="zulu")
    assert isinstance(engine.backend, Mms) and len(engine.facts.languages) == 1198
    samples = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE * 2).astype(np.float32)
    for language in ("zulu", "eng", "sw", "azj-script_latin", "zul"):
        code = engine.facts.language(language)
        number = list(languages.known_by("a")).index(code)
        transcript = engine.transcribe(samples, SAMPLE_RATE, language=language, vad=False)
        assert transcript.language == code
        assert set(transcript.text) == {chr(0x561 + number % 20)}, language


@pytest.mark.slow
def test_the_default_model_runs_from_the_hubs_own_cache(big: Path, tmp_path: Path) -> None:
    """Uses a snapshot of `hf download`: the model, and each adapter when its language is used."""
    revision = "3d33597edbdaaba14a8e858e2c8caa76e3cec0cd"
    repository = tmp_path / "hub" / "models--facebook--mms-1b-all"
    shutil.copytree(big, repository / "snapshots" / revision)
    (repository / "snapshots" / revision / "adapter.swh.safetensors").unlink()
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)
    settings = {
        "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "UNISPEECH_CACHE_DIR": str(tmp_path / "us")
    }  # fmt: skip
    command = [sys.executable, "-m", "unispeech", "transcribe", str(CLIPS / ENGLISH[0]), "--no-vad"]
    command += ["--backend", "mms", "--language"]
    environment = {**os.environ, **settings}
    done = subprocess.run([*command, "zu"], capture_output=True, text=True, env=environment)
    letter = chr(0x561 + list(languages.known_by("a")).index("zul") % 20)
    assert done.returncode == 0 and set(done.stdout.strip()) == {letter}, done.stderr
    done = subprocess.run([*command, "sw"], capture_output=True, text=True, env=environment)
    assert done.returncode == 1 and "HF_HUB_OFFLINE is set" in done.stderr

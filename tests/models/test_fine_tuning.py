"""Every command and code block of docs/guides/fine-tuning.md, in order."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from support.samples import ROOT
from unispeech.models import convert, store

BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the page's commands were run, with their output in `output.txt`."""
    folder = tmp_path_factory.mktemp("fine-tuning")
    (folder / "samples").symlink_to(ROOT / "samples")
    (folder / "store").mkdir()  # a cache of its own, deleted with the test
    (folder / "store" / "tiny.en").symlink_to(store.obtain("tiny.en").parent)
    environment = {**os.environ, "UNISPEECH_CACHE_DIR": str(folder / "store")}
    outputs = []
    for language, text in BLOCK.findall((ROOT / "docs" / "guides" / "fine-tuning.md").read_text()):
        commands = [["-c", text]] if language == "python" else [
            ["-m", *shlex.split(line)]
            for line in text.splitlines()
            if not line.startswith("pip install")
        ]  # fmt: skip
        for command in commands:
            ran = subprocess.run(
                [sys.executable, "-W", "ignore", *command],
                cwd=folder, capture_output=True, text=True,
                env={**environment, "CUDA_VISIBLE_DEVICES": ""},
            )  # fmt: skip
            assert ran.returncode == 0, f"{command}: {ran.stderr}"
            outputs.append(f"{' '.join(command)} -> {ran.stdout} {ran.stderr}")
    (folder / "output.txt").write_text("\n".join(outputs))
    return folder


@pytest.mark.slow
def test_the_page_works_as_written(folder: Path) -> None:
    output = (folder / "output.txt").read_text()
    runs = [run for run in output.split("-m unispeech") if run.startswith(" transcribe")]
    assert len(runs) == 3
    for line in runs:
        assert "welcome to the garden" in line.lower(), line


@pytest.mark.slow
def test_training_changes_the_weights_and_a_note_names_the_tokenizer(folder: Path) -> None:
    start = convert.read(folder / "start", store.obtain)
    tuned = convert.read(folder / "fine-tuned" / "checkpoint-3", store.obtain)
    name = "decoder.blocks.0.mlp.0.weight"
    before, after = (np.asarray(c.tensors[name], dtype=np.float32) for c in (start, tuned))
    assert 0 < np.abs(before - after).max() < 0.01
    assert any("tokenizer" in note for note in tuned.notes)
    assert "the tokenizer is OpenAI's" in (folder / "output.txt").read_text()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")  # peft uses a deprecated name of transformers
def test_an_adapter_is_merged_as_peft_merges_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from peft import PeftModel
    from transformers import WhisperForConditionalGeneration

    from unispeech.models.convert import tensor_names

    monkeypatch.chdir(folder)  # peft resolves the base relative to the working directory
    base = WhisperForConditionalGeneration.from_pretrained("start", dtype=torch.float32)
    tuned = PeftModel.from_pretrained(base, "adapter")
    torch.manual_seed(0)
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:  # zeros before training
            parameter.data.normal_(std=0.01)
    tuned.save_pretrained("trained")
    config = folder / "trained" / "adapter_config.json"
    config.write_text(config.read_text().replace('"start"', '"../start"'))
    monkeypatch.chdir("/")
    merged = tuned.merge_and_unload().state_dict()
    ours = convert.read(folder / "trained", store.obtain)
    for name, tensor in ours.tensors.items():
        actual, expected = (
            np.asarray(tensor, dtype=np.float32),
            merged[tensor_names.hf(name)].numpy(),
        )
        np.testing.assert_allclose(actual, expected, atol=1e-6, err_msg=name)
    assert store.describe(str(folder / "trained")).languages == {"en": "english"}


TRANSCRIBE = """
import sys, unispeech
backend, clip, *models = sys.argv[1:]
for model in models:
    engine = unispeech.Engine(backend, model)
    print(engine.transcribe(clip).text)
    engine.close()
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["openai", "hf", "cpp"])
def test_a_fine_tune_runs_on_every_backend(folder: Path, backend: str) -> None:
    models = ["./fine-tuned/checkpoint-3", "./adapter"]
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TRANSCRIBE, backend, "samples/english.wav", *models],
        cwd=folder, capture_output=True, text=True,
        env={**os.environ, "UNISPEECH_CACHE_DIR": str(folder / "store")},
    )  # fmt: skip
    assert ran.stdout.lower().count("welcome to the garden") == len(models), ran.stderr

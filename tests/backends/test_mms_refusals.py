"""Refusals of MMS, which come before weights or libraries are looked up."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from safetensors.torch import load_file, save_file

from support.errors import raises
from support.small_mms import CLIPS, ENGLISH, copied
from unispeech.engine.engine import Engine
from unispeech.errors import ModelDamaged, OptionError, UnsupportedOption
from unispeech.models import store


def test_a_language_without_an_adapter_is_refused_by_name(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "adapter.rus.safetensors").unlink()
    with raises(UnsupportedOption, "'rus'", "adapter.rus", "eng", option="language"):
        Engine("mms", str(folder), language="russian")
    with raises(UnsupportedOption, "'swahili'", "eng", option="language"):
        Engine("mms", str(folder), language="swahili")
    with raises(OptionError, "'xyzzy'", "eng (English", option="language"):
        Engine("mms", str(folder), language="xyzzy")
    with raises(UnsupportedOption, "'quy'", "mms-1b-fl102"):
        store.describe("mms-1b-fl102").language("quy")


def test_an_adapter_of_the_wrong_size_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    shutil.copy(folder / "adapter.eng.safetensors", folder / "adapter.rus.safetensors")
    with raises(ModelDamaged, "adapter.rus", "lm_head.weight"):
        Engine("mms", str(folder), language="rus")
    content = (folder / "adapter.eng.safetensors").read_bytes()
    (folder / "adapter.eng.safetensors").write_bytes(content[:-100])
    with pytest.raises(ModelDamaged, match="truncated"):
        Engine("mms", str(folder), language="eng")
    (folder / "adapter.eng.safetensors").write_bytes(b"not at all")
    with pytest.raises(ModelDamaged, match="not a safetensors file"):
        Engine("mms", str(folder), language="eng")


def test_a_missing_vocabulary_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "vocab.json").unlink()
    with raises(ModelDamaged, "vocab.json"):
        Engine("mms", str(folder), language="eng")


def test_truncated_weights_are_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:50_000])
    with pytest.raises(ModelDamaged, match="cannot read the model"):
        Engine("mms", str(folder), language="eng")


def test_missing_weights_are_named(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    weights = load_file(folder / "model.safetensors")
    del weights["wav2vec2.encoder.layer_norm.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with raises(ModelDamaged, "wav2vec2.encoder.layer_norm"):
        Engine("mms", str(folder), language="eng")


CLIP = str(CLIPS / ENGLISH[0])
REFUSED = [
    (["--task", "translate", "--language", "swh"], "translate"),
    (["--initial-prompt", "Names", "--language", "swh"], "--initial-prompt"),
    (["--hotwords", "Names", "--language", "swh"], "--hotwords"),
    (["--beam-size", "5", "--language", "swh"], "--beam-size"),
    (["--temperature", "0.4", "--language", "swh"], "temperature"),
    (["--language", "swahilli"], "did you mean 'Swahili'"),
    (["--language", "kaqchikel"], "is ambiguous: cak-dialect_central"),
    (["--language", "klingon"], "klingon"),
    (
        ["--language", "swh", "--ngram", "missing.arpa"],
        "--ngram missing.arpa",
    ),
    (["--language", "swh", "--model", "base"], "a Whisper model"),
    (["--language-id-model", "mms-lid-127"], "did you mean 'mms-lid-126'?"),
    (["--language-id-model", "mms-lid-2000"], "did you mean 'mms-lid-2048'?"),
    (["--language-id-model", "facebook/mms-lid-127"], "did you mean 'mms-lid-126'?"),
    (["--model", "mms-1b-l1108", "--language", "swh"], "did you mean 'mms-1b-l1107'?"),
    ([], "--language-id-model"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_refusals_need_neither_library_nor_weights(options: list[str], message: str) -> None:
    """The process cannot import the libraries, and the store has no MMS model."""
    code = (
        "import sys; sys.modules['torch'] = sys.modules['transformers'] = None\n"
        "from unispeech.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "transcribe", CLIP, "--backend", "mms", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1


def test_a_missing_library_is_reported_with_the_install_command() -> None:
    code = (
        "import sys; sys.modules['torch'] = sys.modules['transformers'] = None\n"
        "from unispeech.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "transcribe", CLIP, "--backend", "mms"]
    done = subprocess.run([*command, "--language", "swahili"], capture_output=True, text=True)
    assert done.returncode == 1 and "unispeech[mms]" in done.stderr


@pytest.mark.parametrize("names", [["x.wav"], ["x.wav", "y/z.flac"]])
def test_missing_recordings_are_reported_before_weights_are_fetched(names: list[str]) -> None:
    command = [sys.executable, "-m", "unispeech", "transcribe", *names, "--backend", "mms"]
    done = subprocess.run([*command, "--language", "swahili"], capture_output=True, text=True)
    lines = done.stderr.splitlines()
    assert done.returncode == 1 and len(lines) == len(names)
    assert all(name in line for name, line in zip(names, lines, strict=True))

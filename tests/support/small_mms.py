"""The small checkpoint of `ctc_checkpoint/`, trained on generated speech (see train.py there).

It has MMS's architecture and files, so loading, adapters, long audio, language identification and
alignment are the real ones; what it can hear is 12 words of English and 12 of Russian.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from click.testing import CliRunner

from support.samples import CHECKPOINT
from unispeech import Transcript
from unispeech.audio.recording import load
from unispeech.cli import cli
from unispeech.engine.engine import Engine
from unispeech.types import SAMPLE_RATE

FOLDER = CHECKPOINT
MODEL, LID, CLIPS = FOLDER / "model", FOLDER / "lid", FOLDER / "clips"
TEXTS: dict[str, str] = json.loads((CLIPS / "texts.json").read_text(encoding="utf-8"))
ENGLISH = [name for name in TEXTS if name.startswith("eng")]
RUSSIAN = [name for name in TEXTS if name.startswith("rus")]

Samples = npt.NDArray[np.float32]


def heard(engine: Engine, names: Sequence[str], **options: Any) -> list[str]:
    """The texts of clips."""
    results = list(engine.transcribe_many([CLIPS / name for name in names], **options))
    assert all(isinstance(result, Transcript) for result in results), results
    return [result.text for result in results if isinstance(result, Transcript)]


def long_recording(names: Sequence[str], seconds: float, gap: float) -> tuple[Samples, str]:
    """Clips one after another, with a little noise, until it is long enough; and what is said."""
    random = np.random.default_rng(1)
    pieces: list[Samples] = []
    texts: list[str] = []
    while sum(map(len, pieces)) < seconds * SAMPLE_RATE:
        name = names[len(texts) % len(names)]
        pieces += [load(CLIPS / name), np.zeros(round(gap * SAMPLE_RATE), np.float32)]
        texts.append(TEXTS[name])
    joined = np.concatenate(pieces)
    return joined + random.normal(0, 3e-4, len(joined)).astype(np.float32), " ".join(texts)


def copied(tmp_path: Path) -> Path:
    """The checkpoint, to be broken."""
    folder = tmp_path / "model"
    shutil.copytree(MODEL, folder)
    return folder


def arpa(*words: str) -> str:
    """An n-gram model of these words, in the format of KenLM and SRILM."""
    rows = "".join(f"-1.0\t{word}\t0\n" for word in ("<s>", "</s>", "<unk>", *words))
    counts = f"ngram 1={3 + len(words)}\nngram 2=1"
    pairs = f"-0.5\t<s> {words[0]}\n"
    return f"\\data\\\n{counts}\n\n\\1-grams:\n{rows}\n\\2-grams:\n{pairs}\n\\end\\\n"


def run(*arguments: str, given: str | None = None) -> str:
    """What a command prints."""
    result = CliRunner().invoke(cli, arguments, input=given, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output

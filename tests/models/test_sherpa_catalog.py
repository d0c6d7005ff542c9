"""Entries of sherpa-onnx's repositories: their files, languages, and hashes."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

from support.fake_hub import obtain, serving
from unispeech.models import catalog

REPOSITORIES = {
    "sensevoice-small-int8": (
        ["model.int8.onnx", "model.onnx", "tokens.txt", "export-onnx.py"],
        ["model.int8.onnx", "tokens.txt"],
    ),
    "moonshine-tiny-en-int8": (
        ["preprocess.onnx", "encode.int8.onnx", "uncached_decode.int8.onnx",
         "cached_decode.int8.onnx", "tokens.txt", "README.md"],
        ["preprocess.onnx", "encode.int8.onnx", "uncached_decode.int8.onnx",
         "cached_decode.int8.onnx", "tokens.txt"],
    ),
    "zipformer-streaming-en-int8": (
        [f"{part}-epoch-99-avg-1-chunk-16-left-{left}{kind}.onnx"
         for part in ("encoder", "decoder", "joiner") for left in (64, 128)
         for kind in ("", ".int8")] + ["tokens.txt", "bpe.model"],
        [f"{part}-epoch-99-avg-1-chunk-16-left-128.int8.onnx"
         for part in ("encoder", "decoder", "joiner")] + ["tokens.txt"],
    ),
}  # fmt: skip
"""Names in the repositories, and those of the model."""


@pytest.mark.parametrize("name", REPOSITORIES)
def test_only_the_files_of_the_model_are_wanted(name: str) -> None:
    entry = catalog.find(name)
    assert entry is not None
    (source,) = entry.sources
    there, wanted = REPOSITORIES[name]
    assert [n for n in there if any(fnmatch(n, pattern) for pattern in source.files)] == wanted


def test_omnilingual_shares_the_table_of_mms() -> None:
    omnilingual, mms = catalog.find("omnilingual-ctc-300m-int8"), catalog.find("mms-1b-all")
    assert omnilingual and mms
    assert len(omnilingual.languages) > 1600
    assert len(omnilingual.languages.keys() & mms.languages.keys()) > 1100
    assert omnilingual.facts.language("german") == "deu"
    assert omnilingual.is_commercial and not mms.is_commercial


def test_files_that_differ_from_the_catalog_are_refused(tmp_path: Path) -> None:
    entry = catalog.find("omnilingual-ctc-1b-int8")
    assert entry is not None
    repository = tmp_path / "repository"
    repository.mkdir()
    for name in ("model.int8.onnx", "tokens.txt"):
        (repository / name).write_bytes(b"of another model")
    with serving(entry.sources[0].repository, repository) as (endpoint, _):
        lines, _ = obtain(tmp_path, endpoint, entry.name, "sherpa")
    assert lines[0].startswith("ModelUnavailable") and "sha256" in lines[0]

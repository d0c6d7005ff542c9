"""The lines that `unispeech serve` prints on a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from unispeech.cli.announcement import announcement
from unispeech.server import settings


def shown(folder: Path, has_key: bool = False, **values: object) -> dict[str, str]:
    """The rows of the announcement by their names."""
    text = announcement(settings.read(data_dir=folder, **values), 9000, has_key)
    rows = [line.strip().split(maxsplit=1) for line in text.splitlines() if line.startswith("  ")]
    return {row[0]: row[1] for row in rows}


@pytest.mark.parametrize(
    ("host", "page"),
    [
        ("127.0.0.1", "http://127.0.0.1:9000/"),
        ("0.0.0.0", "http://localhost:9000/"),
        ("::1", "http://[::1]:9000/"),
        ("10.0.0.7", "http://10.0.0.7:9000/"),
    ],
)
def test_the_links_work_on_this_machine(tmp_path: Path, host: str, page: str) -> None:
    assert shown(tmp_path, host=host)["Page"] == page


@pytest.mark.parametrize(
    ("values", "has_key", "words"),
    [
        ({}, False, ("this machine only", "not needed")),
        ({"host": "10.0.0.7"}, True, ("open to other machines", "10.0.0.7:9000", "required")),
        ({"host": "10.0.0.7"}, False, ("open to other machines", "unispeech keys create NAME")),
        ({"host": "10.0.0.7", "require_keys": False}, False, ("open", "not needed")),
    ],
)
def test_access_says_who_can_connect_and_with_which_key(
    tmp_path: Path, values: dict[str, object], has_key: bool, words: tuple[str, ...]
) -> None:
    rows = shown(tmp_path, has_key, **values)
    text = f"{rows['Access']} {rows['Keys']}"
    assert all(word in text for word in words), text


def test_the_model_that_has_to_be_fetched_is_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNISPEECH_CACHE_DIR", str(tmp_path / "cache"))
    model = shown(tmp_path, model="base")["Model"]
    assert model.startswith("base (backend faster") and "MB" in model
    assert "MB" not in shown(tmp_path, model=str(tmp_path))["Model"]

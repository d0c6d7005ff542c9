"""The architecture page: its picture follows the import graph, its table names every room."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import pytest

from support.samples import ROOT


@pytest.fixture(scope="module")
def architecture() -> ModuleType:
    spec = importlib.util.spec_from_file_location("architecture", ROOT / "docs/architecture.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_is_current(architecture: ModuleType) -> None:
    """After a failure: `python docs/architecture.py`."""
    assert architecture.DRAWING.read_text() == architecture.drawing()


def test_the_table_names_every_room(architecture: ModuleType) -> None:
    page = (ROOT / "docs/concepts/architecture.md").read_text()
    listed = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.+?) \|", page, re.M))))
    rows, band = architecture.layers()
    assert listed == {*(room for row in rows for room in row), *band} - {"version"}


def test_an_arrow_with_a_detour_is_left_out(architecture: ModuleType) -> None:
    edges = {("a", "b"), ("b", "c"), ("a", "c"), ("a", "d")}
    assert architecture.without_detours(edges) == [("a", "b"), ("a", "d"), ("b", "c")]

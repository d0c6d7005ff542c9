"""Scripts of this folder whose clients are installed for tests."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

from support.serving import Server


@pytest.mark.slow
@pytest.mark.parametrize("name", ["openai_python", "tus_python"])
def test_a_real_client_works(service: Server, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    try:
        import_module(name).run(service.url)
    finally:
        sys.modules.pop(name, None)

"""Slow cases of the contract suite that run only in `make soak`."""

from __future__ import annotations

import pytest

QUICK_ON_MLX = ("silence", "undeclared", "closed", "truncated")
"""Parts of the names of the tests that transcribe nothing. On Linux, MLX needs 20 s for a clip."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        backend = getattr(parameters.get("case"), "backend", "")
        if backend == "mlx" and not any(part in item.name for part in QUICK_ON_MLX):
            item.add_marker(pytest.mark.soak)

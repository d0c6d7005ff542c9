"""Tools for testing backends, and code that uses an engine.

`BackendContract` is the test suite that every built-in backend passes; it needs pytest, which this
package does not install. `FakeBackend` and `fake_engine` need no other package.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from unispeech.testing.fake import FakeBackend, fake_engine

if TYPE_CHECKING:
    from unispeech.testing.contract import BackendContract, Case

__all__ = ["BackendContract", "Case", "FakeBackend", "fake_engine"]


def __getattr__(name: str) -> Any:
    if name not in ("BackendContract", "Case"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if "unispeech.testing.contract" not in sys.modules:
        import pytest

        pytest.register_assert_rewrite("unispeech.testing.contract")
    from unispeech.testing import contract

    return getattr(contract, name)

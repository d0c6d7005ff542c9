"""The engine (being written)."""

from __future__ import annotations

from typing import Any

from unispeech.types import Transcript


class Engine:
    """Placeholder until the stages land; raises when made."""

    def __init__(self, backend: str = "faster", model: str = "base", **options: Any) -> None:
        raise NotImplementedError


class AsyncEngine:
    """Placeholder until the stages land; raises when made."""

    def __init__(self, backend: str = "faster", model: str = "base", **options: Any) -> None:
        raise NotImplementedError


def transcribe(source: Any, backend: str = "faster", model: str = "base") -> Transcript:
    raise NotImplementedError

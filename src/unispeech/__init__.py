"""Every Whisper runtime, and MMS, behind one engine.

    import unispeech

    transcript = unispeech.transcribe("interview.mp3")
    print(transcript.text)

Importing this package imports nothing heavy: what is used is loaded when it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from unispeech.version import __version__

if TYPE_CHECKING:
    from unispeech.engine.aio import AsyncEngine as AsyncEngine
    from unispeech.engine.engine import Engine as Engine
    from unispeech.engine.engine import transcribe as transcribe
    from unispeech.errors import UnispeechError as UnispeechError
    from unispeech.types import Gap as Gap
    from unispeech.types import Progress as Progress
    from unispeech.types import Segment as Segment
    from unispeech.types import Transcript as Transcript
    from unispeech.types import Word as Word

_HOMES = {
    "AsyncEngine": "unispeech.engine.aio",
    "Engine": "unispeech.engine.engine",
    "Gap": "unispeech.types",
    "Progress": "unispeech.types",
    "Segment": "unispeech.types",
    "Transcript": "unispeech.types",
    "UnispeechError": "unispeech.errors",
    "Word": "unispeech.types",
    "transcribe": "unispeech.engine.engine",
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'unispeech' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

"""The engine: `Engine` for one loaded model, and the chain of stages it runs.

`Engine` and `transcribe` are public. The modules below are internal and may change in any release.
"""

from unispeech.engine.engine import Engine, transcribe

__all__ = ["Engine", "transcribe"]

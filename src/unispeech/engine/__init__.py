"""`Engine`, a loaded model that transcribes, and the chain of stages that it runs.

`Engine` and `transcribe` are public. The modules below are internal and may change in any release.
"""

from unispeech.engine.engine import Engine, transcribe

__all__ = ["Engine", "transcribe"]

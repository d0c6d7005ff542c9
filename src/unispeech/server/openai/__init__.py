"""The audio part of OpenAI's API, for its own unmodified clients."""

from __future__ import annotations

from unispeech.server.dialects.openai.routes import router

__all__ = ["router"]

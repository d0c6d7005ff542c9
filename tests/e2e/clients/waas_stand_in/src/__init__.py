"""Stand-in for WAAS's package `src`, so that WAAS's own tests run against UniSpeech."""

from .main import app

__all__ = ["app"]

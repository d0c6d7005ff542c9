"""Annotations of a finished transcript: word times and speakers."""

from unispeech import _old

__path__.append(f"{_old.__path__[0]}/annotate")

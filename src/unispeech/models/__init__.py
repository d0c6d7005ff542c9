"""Weights: what there is, where it lies, and how one format becomes another."""

from unispeech import _old

__path__.append(f"{_old.__path__[0]}/models")

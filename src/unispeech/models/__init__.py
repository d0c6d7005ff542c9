"""Weights: the catalog, the store, and conversion between formats."""

from unispeech import _old

__path__.append(f"{_old.__path__[0]}/models")

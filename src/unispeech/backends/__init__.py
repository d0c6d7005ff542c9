"""Runtimes behind one contract: `base` is the contract, `registry` says which there are."""

from unispeech import _old

__path__.append(f"{_old.__path__[0]}/backends")

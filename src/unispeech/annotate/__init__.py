"""What is added to a finished transcript."""

from unispeech import _old

__path__.append(f"{_old.__path__[0]}/annotate")

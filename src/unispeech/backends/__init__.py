"""Speech runtimes behind one contract (`base`); `registry` lists them."""

from unispeech import _old

__path__.append(f"{_old.__path__[0]}/backends")

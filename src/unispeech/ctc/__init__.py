"""CTC: frame scores to words, and known words to times."""

from unispeech._old import moved

__getattr__ = moved(__name__, "ctc.words")

"""CTC decoding of frame scores into words, and forced alignment of a known text."""

from unispeech._old import moved

__getattr__ = moved(__name__, "ctc.words")

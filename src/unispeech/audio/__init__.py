"""Decoding of any recording to 16 kHz mono samples on its own timeline."""

from unispeech._old import moved

__getattr__ = moved(__name__, "audio.recording", "audio.containers")

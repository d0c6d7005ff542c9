from unispeech._old import moved

__getattr__ = moved(__name__, "stages.vad")

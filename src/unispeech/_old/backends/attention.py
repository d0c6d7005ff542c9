from unispeech._old import moved

__getattr__ = moved(__name__, "backends.whisper.attention", timed="words_from_tokens")

from unispeech._old import moved

__getattr__ = moved(__name__, "models.convert.openai_defaults", "models.formats.whisper_shape")

from unispeech._old import moved

__getattr__ = moved(__name__, "models.formats.ctc_folder", "models.formats.headers")

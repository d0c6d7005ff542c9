from unispeech._old import moved

__getattr__ = moved(__name__, "models.model_names", kept_name="cached_name", short="file_stem")

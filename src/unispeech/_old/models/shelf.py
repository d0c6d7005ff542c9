from unispeech._old import moved

__getattr__ = moved(
    __name__,
    "models.weight_cache",
    Kept="CachedModel",
    listing="cached_models",
    placing="drafting",
)

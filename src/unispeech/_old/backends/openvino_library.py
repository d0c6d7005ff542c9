from unispeech._old import moved

__getattr__ = moved(__name__, "system.openvino_library")

"""The GPUs of a build of whisper.cpp, from ggml's registry of devices (ggml-backend.h)."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from unispeech.errors import BackendError

PREFIXES = {"cuda": ("CUDA",), "mps": ("Metal", "MTL"), "vulkan": ("Vulkan",)}
"""Names of ggml's devices begin with these, by the name of the device here."""
GPU, INTEGRATED = 1, 2
"""Types of devices. Builds before integrated GPUs had a type use 2 for accelerators of CPUs."""


def gpus(library: str) -> tuple[str, ...]:
    """Return the names of the GPUs that a library sees, in whisper.cpp's order: `CUDA0`, `CUDA1`.

    Empty if the build has no GPU support, or does not export the registry (on Windows).
    """
    known = tuple(prefix for group in PREFIXES.values() for prefix in group)
    return tuple(
        name
        for kind, name in devices(library)
        if kind == GPU or (kind == INTEGRATED and name.startswith(known))
    )


def devices(library: str) -> list[tuple[int, str]]:
    """Return type and name of every device that a library sees, CPUs included."""
    try:
        ggml: Any = ctypes.CDLL(library)
        count, get = ggml.ggml_backend_dev_count, ggml.ggml_backend_dev_get
        name, kind = ggml.ggml_backend_dev_name, ggml.ggml_backend_dev_type
    except (OSError, AttributeError):
        return []
    count.restype, get.restype, name.restype = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_char_p
    get.argtypes = [ctypes.c_size_t]
    name.argtypes = kind.argtypes = [ctypes.c_void_p]
    handles = [get(number) for number in range(count())]
    return [(kind(handle), (name(handle) or b"").decode()) for handle in handles]


def number_of(device: str, gpus: Sequence[str]) -> int:
    """Return the number that whisper.cpp gives to a GPU: `cuda`, `cuda:1`, `mps`, `vulkan`.

    Raises:
        BackendError: there is no such GPU, or the build does not support it.
    """
    kind, _, index = device.partition(":")
    numbers = [i for i, name in enumerate(gpus) if name.startswith(PREFIXES[kind])]
    if int(index or 0) < len(numbers):
        return numbers[int(index or 0)]
    found = ", ".join(gpus) or "no GPU"
    raise BackendError(
        f"cpp: no device {device}; this build of whisper.cpp finds {found}",
        "use device='cpu', or install a build of pywhispercpp for the GPU",
    )

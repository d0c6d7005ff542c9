"""Device, precision, threads and seed for the adapters of PyTorch libraries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from unispeech.errors import BackendError, UnsupportedOption
from unispeech.options import LoadOptions

SEED = 0
"""Random seed of every call, so that sampling at a temperature is repeatable."""


def device_of(backend: str, name: str) -> torch.device:
    """Return the device of a name; `auto` is the first GPU, else the CPU.

    Raises:
        BackendError: this machine has no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    count = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= count:
        raise BackendError(
            f"{backend}: no device {name}; PyTorch sees {count} GPUs",
            "choose another device",
        )
    return device


def precision_of(backend: str, options: LoadOptions, device: torch.device) -> str:
    """Return the requested compute type; `default` is float16 on a GPU and float32 on a CPU.

    Raises:
        UnsupportedOption: int8 on a GPU, or float16 on a CPU.
    """
    compute_type = options.compute_type
    if compute_type == "default":
        return "float16" if device.type == "cuda" else "float32"
    required = {"int8": "cpu", "float16": "cuda"}.get(compute_type)
    if required and device.type != required:
        raise UnsupportedOption(
            f"compute_type {compute_type!r}: {backend} supports it only on device={required!r}",
            "use compute_type='float32', or another device",
        )
    return compute_type


@contextmanager
def inference(threads: int) -> Iterator[None]:
    """Run the block without gradients, seeded, on `threads` CPU threads (0: PyTorch's default).

    The thread count of the calling thread and the random state are restored afterwards.
    """
    before = torch.get_num_threads()
    with torch.inference_mode(), torch.random.fork_rng():
        torch.manual_seed(SEED)
        if threads:
            torch.set_num_threads(threads)
        try:
            yield
        finally:
            if threads:
                torch.set_num_threads(before)

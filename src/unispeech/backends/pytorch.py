"""What the adapters of PyTorch libraries have in common: the device, the threads, the seed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from unispeech.errors import BackendError, UnsupportedOption
from unispeech.options import LoadOptions

SEED = 0
"""Sampling at a temperature is repeatable: every call draws from the same numbers."""


def device_of(backend: str, name: str) -> torch.device:
    """The device of a name; `auto` is the first GPU if there is one.

    Raises:
        BackendError: there is no such device on this machine.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    count = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= count:
        raise BackendError(
            f"{backend}: there is no device {name}: PyTorch sees {count} GPUs",
            "choose another device",
        )
    return device


def precision_of(backend: str, options: LoadOptions, device: torch.device) -> str:
    """The compute type that is asked for; `default` is float16 on a GPU and float32 on a CPU.

    Raises:
        UnsupportedOption: int8 is for CPUs and float16 for GPUs.
    """
    asked = options.compute_type
    if asked == "default":
        return "float16" if device.type == "cuda" else "float32"
    elsewhere = {"int8": "cpu", "float16": "cuda"}.get(asked)
    if elsewhere and device.type != elsewhere:
        raise UnsupportedOption(
            f"compute_type {asked!r}: {backend} has it only on the device {elsewhere}",
            "use float32, or another device",
        )
    return asked


@contextmanager
def running(threads: int) -> Iterator[None]:
    """Without gradients, seeded, on so many CPU threads (0: PyTorch's own number).

    The number of threads belongs to the calling thread, and is given back with the random state.
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

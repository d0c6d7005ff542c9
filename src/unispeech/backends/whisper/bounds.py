"""Bounds of a Whisper model on a CPU, from its shape and the memory: batches, and what fits."""

from __future__ import annotations

import math
from dataclasses import dataclass

from unispeech.errors import BackendError
from unispeech.models import catalog
from unispeech.models.formats.whisper_shape import Dims, shapes

MAX_BATCH_SECONDS = 160.0
"""Longest batch of a worker, in seconds of encoder window, where memory is no limit
(decision 0024)."""
WINDOW = 30.0
"""Seconds. The longest window, which every batch may hold."""
FRAMES = 50
"""Encoder frames per second."""
BATCH_SHARE = 0.25
"""Share of the free memory for the cross-attention caches of all workers. The rest is for the
engine's chunks and features, and for whatever else runs."""
WEIGHT_BYTES = {"float32": 4, "bfloat16": 2, "int16": 2}
"""Bytes per weight of CTranslate2's compute types on a CPU; 1 for the others."""
FITS = 1.25
"""Least memory of a model, in sizes of its file: the cache of a window is up to a quarter."""
ENCODER_BYTES = 4
"""Bytes per weight of OpenVINO's encoder: in bfloat16, as read and as packed for its kernels."""


def cross_attention_bytes(dims: Dims) -> int:
    """Return the bytes of cross-attention cache for a second of window: float32 keys and values of
    every decoder layer. 0.6 MB (tiny), 1.2 MB (base), 2 MB (turbo), 16 MB (large)."""
    return dims.n_text_layer * dims.n_text_state * 2 * 4 * FRAMES


def batch_seconds(dims: Dims, workers: int, free: int | None) -> float:
    """Return the longest batch of a worker in seconds of window, with `free` bytes of memory.

    At least one window; None, if the free memory is unknown, is no limit.
    """
    if free is None:
        return MAX_BATCH_SECONDS
    most = BATCH_SHARE * free / (workers * cross_attention_bytes(dims))
    return min(MAX_BATCH_SECONDS, max(WINDOW, most))


@dataclass(frozen=True, slots=True)
class Need:
    """Lower bounds of the memory for loading a model and decoding one window, in bytes."""

    dims: Dims
    stored: int
    """Size of `model.bin`."""

    def ctranslate2(self, compute_type: str) -> int:
        """Both halves in CTranslate2, which holds the file's weights before it converts them."""
        weights = sum(_sizes(self.dims).values()) * WEIGHT_BYTES.get(compute_type, 1)
        return max(self.stored, weights) + self._window

    def bfloat16(self) -> int:
        """The encoder in OpenVINO, the decoder in int8 in CTranslate2."""
        return self._decoder + ENCODER_BYTES * _sizes(self.dims)["encoder"] + self._window

    def loading_bfloat16(self) -> int:
        """The same while loading: the decoder is in a memory file too (`decoder_only`)."""
        return self.bfloat16() + self._decoder

    @property
    def _decoder(self) -> int:
        sizes = _sizes(self.dims)
        return self.stored * sizes["decoder"] // sum(sizes.values())

    @property
    def _window(self) -> int:
        return int(WINDOW * cross_attention_bytes(self.dims))


def _sizes(dims: Dims) -> dict[str, int]:
    """Return the number of weights of the encoder and of the decoder."""
    sizes = {"encoder": 0, "decoder": 0}
    for name, shape in shapes(dims):
        sizes[name.partition(".")[0]] += math.prod(shape)
    return sizes


def fits_bfloat16(
    name: str, need: Need, free: int | None, with_swap: int | None, is_required: bool
) -> bool:
    """Return True if the encoder in bfloat16 fits into memory, False if it is to run in int8.

    `free` bytes are available, `with_swap` if the system swaps; None if unknown. An encoder that
    `is_required` may be swapped; else int8 is faster than that.

    Raises:
        BackendError: neither fits, or the one that `is_required` does not.
    """
    least = need.ctranslate2("int8")
    would_swap = free is not None and need.loading_bfloat16() > free
    if would_swap and not is_required and (with_swap is None or least <= with_swap):
        return False
    check(name, need.bfloat16(), least, with_swap)
    return True


def check(name: str, need: int, least: int, free: int | None) -> None:
    """Reject a model that cannot be loaded.

    `need` and `least` are the bytes for the requested compute type and for int8, `free` those
    available, with swap space; None if unknown.

    Raises:
        BackendError: `need` is more than `free`. The hint says what fits.
    """
    if free is None or need <= free:
        return
    raise BackendError(
        f"faster: the model {name!r} needs at least {_size(need)} of memory, "
        f"but {_size(free)} are available",
        _what_fits(least, free),
    )


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _what_fits(least: int, free: int) -> str:
    if least <= free:
        return "use compute_type='int8'"
    whisper = [e for e in catalog.ENTRIES if e.family == "whisper" and e.facts.multilingual]
    fitting = [entry for entry in whisper if FITS * entry.megabytes * 1e6 <= free]
    if not fitting:
        return "free some memory: no Whisper model fits"
    largest = max(fitting, key=lambda entry: entry.megabytes)
    return f"free some memory, or use a smaller model: {largest.name!r} fits"

"""Conversion of library exceptions into `UnispeechError`s at the edge of an adapter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from unispeech.errors import BackendError, UnispeechError


@contextmanager
def wrapped(
    message: str, hint: str = "", error_class: type[UnispeechError] = BackendError
) -> Iterator[None]:
    """Raise exceptions of this block as `error_class`: `message` and their first line.

    `UnispeechError` and `MemoryError` pass unchanged.
    """
    try:
        yield
    except (UnispeechError, MemoryError):
        raise
    except Exception as error:  # libraries share no base class of exceptions
        raise error_class(f"{message}: {first_line(error)}", hint) from error


def first_line(error: Exception) -> str:
    """Return the first line of a message; PyTorch's can be a page long."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]

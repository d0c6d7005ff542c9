"""Errors of a library, turned into ours where they leave an adapter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from unispeech.errors import BackendError, UnispeechError


@contextmanager
def wrapped(
    message: str, hint: str = "", error_class: type[UnispeechError] = BackendError
) -> Iterator[None]:
    """Raise what a library raises in this block as one line: `message` and the line of its own.

    Our own errors pass, and so does `MemoryError`.
    """
    try:
        yield
    except (UnispeechError, MemoryError):
        raise
    except Exception as error:  # libraries have no root of their errors in common
        raise error_class(f"{message}: {first_line(error)}", hint) from error


def first_line(error: Exception) -> str:
    """The first line of a message; PyTorch's can be a page long."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]

"""Conversion of library exceptions into `UnispeechError`s at the edge of an adapter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from unispeech.errors import BackendError, UnispeechError
from unispeech.system import address_space


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


@contextmanager
def trusted(name: str) -> Iterator[None]:
    """Guard a call of a backend whose result is to be trusted (decision 0075).

    Raises:
        BackendError: memory may have run out, where libraries may return wrong text without an
            error; or a library's Rust code panicked, which is no `Exception` in Python.
    """
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise BackendError(f"{name}: {first_line(error)}") from None
    if problem := address_space.shortage():
        raise BackendError(f"{name}: {problem}", address_space.HINT) from MemoryError()


def first_line(error: BaseException) -> str:
    """Return the first line of a message; PyTorch's can be a page long."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]

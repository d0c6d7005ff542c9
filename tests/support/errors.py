"""Assertions about errors: class, code, option, and the values that the message names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from unispeech.errors import UnispeechError

Kind = TypeVar("Kind", bound=UnispeechError)


@contextmanager
def raises(
    kind: type[Kind], *values: object, option: str = "", code: str = ""
) -> Iterator[pytest.ExceptionInfo[Kind]]:
    """Expect an error of exactly this class that names these values.

    Wording is asserted nowhere but in `tests/messages.txt`.
    """
    with pytest.raises(kind) as caught:
        yield caught
    error = caught.value
    assert type(error) is kind
    assert not code or error.code == code
    assert not option or error.option == option
    missing = [str(value) for value in values if str(value) not in str(error)]
    assert not missing, f"{error} does not name {missing}"

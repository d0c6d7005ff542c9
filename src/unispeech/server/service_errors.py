"""Errors of the service itself, without HTTP.

    UnispeechError
    └── ServiceError    `code` names the reason for programs, `param` the field at fault
        ├── Busy        too much work is waiting already
        ├── FetchFailed the recording cannot be fetched from its URL
        ├── NewerSchema a newer version of the service wrote the data
        ├── NotFound    no such object, or not the caller's
        └── TooLarge    more bytes than the caller may send

The HTTP status of each is in `http/error_responses.py`.
"""

from __future__ import annotations

from unispeech.errors import UnispeechError


class ServiceError(UnispeechError):
    """The root of the errors of the service."""

    code = ""

    def __init__(
        self, message: str, hint: str = "", *, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message, hint, code=code or "", option=param or "")


class Busy(ServiceError):
    """Too much work is waiting already."""


class FetchFailed(ServiceError):
    """The recording cannot be fetched from its URL."""

    def __init__(self, message: str) -> None:
        super().__init__(message, param="url")


class NewerSchema(ServiceError):
    """A newer version of the service wrote the data."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "upgrade UniSpeech", code="newer_schema")


class NotFound(ServiceError):
    """There is no such object, or it belongs to another caller."""


class TooLarge(ServiceError):
    """More bytes have come, or were announced, than the caller may send."""

    def __init__(self, limit: int, subject: str = "upload") -> None:
        super().__init__(f"the {subject} is larger than {limit} bytes", code="upload_too_large")

"""Errors of the service, independent of HTTP.

    UnispeechError
    └── ServiceError    `code` is machine-readable, `param` is the field at fault
        ├── Busy        the queue is full
        ├── FetchFailed the recording cannot be downloaded from its URL
        ├── NewerSchema a newer version of the service wrote the data
        ├── NotFound    the object does not exist, or belongs to another caller
        ├── OverQuota   the key's recordings take all the bytes it may store
        ├── StorageFull all recordings take all the bytes that the operator allows
        ├── StoreUnavailable the store of recordings does not answer
        └── TooLarge    the upload exceeds the caller's limit

`http/error_responses.py` maps them to HTTP statuses.
"""

from __future__ import annotations

from unispeech.errors import UnispeechError


class ServiceError(UnispeechError):
    """Base class of the service's errors."""

    code = ""

    def __init__(
        self, message: str, hint: str = "", *, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message, hint, code=code or "", option=param or "")


class Busy(ServiceError):
    """The queue is full."""


class FetchFailed(ServiceError):
    """The recording cannot be downloaded from its URL."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint, param="url")


class NewerSchema(ServiceError):
    """A newer version of the service wrote the data."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "upgrade UniSpeech", code="newer_schema")


class NotFound(ServiceError):
    """The object does not exist, or belongs to another caller."""


class OverQuota(ServiceError):
    """The recordings of the key take all the bytes that it may store."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"there is no room for this recording in the {limit} bytes that each caller may store",
            "delete some recordings first",
            code="quota_exceeded",
        )


class StorageFull(ServiceError):
    """The recordings of all keys take all the bytes that the operator allows."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"there is no room for this recording in the {limit} bytes of this server",
            "try again later, or tell its operator",
            code="storage_full",
        )


class StoreUnavailable(ServiceError):
    """The store of recordings does not answer, or refuses. `reason` is for the log: it may name the
    bucket."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "the server's store of recordings does not answer; try again in a moment",
            code="store_unavailable",
        )
        self.reason = reason


class TooLarge(ServiceError):
    """The upload has, or announces, more bytes than the caller may send."""

    def __init__(self, limit: int, subject: str = "upload") -> None:
        super().__init__(f"the {subject} is larger than {limit} bytes", code="upload_too_large")

"""Error responses: one table of statuses, and the error body of each dialect."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from unispeech.errors import (
    AudioError,
    Cancelled,
    ModelUnavailable,
    OptionError,
    UnispeechError,
    UnknownBackend,
    UnknownModel,
)
from unispeech.server.http.sub_path import route_path
from unispeech.server.observe import logs
from unispeech.server.service_errors import (
    Busy,
    FetchFailed,
    NewerSchema,
    NotFound,
    OverQuota,
    ServiceError,
    StorageFull,
    StoreUnavailable,
    TooLarge,
)
from unispeech.server.speech.decoders import TooLong
from unispeech.server.speech.speech import NoSpeakers, public
from unispeech.server.storage.connection import UNAVAILABLE
from unispeech.server.storage.disk import is_full
from unispeech.server.storage.machine_faults import machine_fault

log = logging.getLogger("unispeech.server")


class RequestError(UnispeechError):
    """Rejection of a request with an HTTP status. `param` is the field at fault."""

    def __init__(
        self,
        status: int,
        message: str,
        hint: str = "",
        *,
        param: str | None = None,
        code: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message, hint, option=param or "")
        self.status, self.param, self.code, self.headers = status, param, code or "", headers


STATUSES: tuple[tuple[type[UnispeechError], int, str | None], ...] = (
    (Busy, 429, "busy"),
    (FetchFailed, 400, None),
    (NewerSchema, 501, None),
    (NotFound, 404, None),
    (OverQuota, 429, None),
    (StorageFull, 507, None),
    (StoreUnavailable, 503, None),
    (TooLarge, 413, None),
    (Cancelled, 499, "client_closed_request"),
    (TooLong, 413, "audio_too_long"),
    (AudioError, 400, "invalid_audio"),
    (UnknownModel, 404, "model_not_found"),
    (ModelUnavailable, 404, "model_not_available"),
    (UnknownBackend, 404, "backend_not_found"),
    (OptionError, 400, "invalid_value"),
    (NoSpeakers, 400, "diarization_unavailable"),
)
"""Class, status and default code of each error; the first matching class counts. All other errors
are defects of the service, with status 500."""
PARAMS: dict[type[UnispeechError], str] = {UnknownModel: "model", NoSpeakers: "speakers"}
"""Field at fault, for errors that do not name it."""
HEADERS: dict[type[UnispeechError], dict[str, str]] = {
    Busy: {"Retry-After": "5"},
    OverQuota: {"Retry-After": "3600"},
    StorageFull: {"Retry-After": "3600"},
    StoreUnavailable: {"Retry-After": "5"},
    TooLarge: {"Connection": "close"},  # the rest of the body stays unread
}

ERROR_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error",
         429: "rate_limit_error"}  # fmt: skip

DEEPGRAM_CODES = {401: "INVALID_AUTH", 403: "INSUFFICIENT_PERMISSIONS", 413: "PAYLOAD_TOO_LARGE",
         429: "TOO_MANY_REQUESTS", 500: "INTERNAL_SERVER_ERROR"}  # fmt: skip

DOCUMENTED: dict[int | str, dict[str, Any]] = {
    400: {"description": "The request is malformed; the message says what is wrong."},
    401: {"description": "An API key is required."},
    403: {"description": "Without API keys: the host name or the page's origin is not accepted."},
    404: {"description": "The job, model, backend or other object does not exist."},
    413: {"description": "The upload is too large, or the recording too long."},
    408: {"description": "The request body stalled."},
    429: {"description": "Too many requests; `Retry-After` says when to try again."},
    503: {
        "description": "The service is stopping, its database or store does not answer, or its "
        "machine is at fault: a read-only disk, too little memory, too many open files."
    },
    507: {"description": "The server's disk, or the space that it may use, is full."},
}
"""Error statuses that any route may return, for the OpenAPI document."""


def answer(request: HTTPConnection, error: BaseException) -> Response:
    """Return the response for an error, in the form that the route's dialect prescribes."""
    status, message, code, param, headers = _describe(error)
    message = message.encode("utf-8", "replace").decode()  # drop lone surrogates
    if status == 500:
        log.error("request failed", exc_info=error)
    elif status == 503:
        log.error("request not served: %s", machine_fault(error) or "stopping")
    elif status == 507:
        log.error("no space: free some under UNISPEECH_DATA_DIR, or raise UNISPEECH_MAX_STORED")
    path = route_path(request.scope)
    if _is_waas(path):
        return PlainTextResponse(message, status, headers)
    if path.startswith(("/asr", "/detect-language")):
        return JSONResponse({"detail": message}, status, headers)
    if path in ("/inference", "/load", "/invocations"):
        return JSONResponse({"error": message}, status, headers)
    is_change = path.startswith("/v1/models/") and request.scope.get("method") in ("POST", "DELETE")
    if is_change or path == "/v1/registry":
        return JSONResponse({"detail": message}, status, headers)
    if path == "/v1/listen":
        return _deepgram_error(status, message, code, headers)
    param = param.encode("utf-8", "replace").decode() if param else param
    type = ERROR_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    body = {"error": {"message": message, "type": type, "param": param, "code": code}}
    return JSONResponse(body, status, headers)


def _deepgram_error(
    status: int, message: str, code: str | None, headers: Mapping[str, str] | None
) -> Response:
    """Clients of a WebSocket read the headers, since few libraries show them the body."""
    id = logs.request_id.get()
    code = DEEPGRAM_CODES.get(status, code or "Bad Request")
    body = {"err_code": code, "err_msg": message, "request_id": id}
    line = " ".join(message.encode("ascii", "replace").decode().split())
    own = {"dg-request-id": id, "dg-error": line}
    return JSONResponse(body, status, {**(headers or {}), **own})


async def answer_async(request: Request, error: Exception) -> Response:
    return answer(request, error)


def validation_message(error: Mapping[str, Any]) -> str:
    """Return the message of one of pydantic's errors."""
    return str(error["msg"]).removeprefix("Value error, ")


def _is_waas(path: str) -> bool:
    first = path.removeprefix("/v1/").split("/")[0]
    return path.startswith("/v1/") and first in (
        "transcribe", "jobs", "download", "detect", "queue", "stats",
    )  # fmt: skip


class ErrorFields(NamedTuple):
    """Fields of an error response."""

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    headers: dict[str, str] | None = None


def _describe(error: BaseException) -> ErrorFields:
    if isinstance(error, RequestError):
        code = error.code or None
        return ErrorFields(error.status, public(error), code, error.param, error.headers)
    if isinstance(error, HTTPException):
        return ErrorFields(error.status_code, str(error.detail), headers=dict(error.headers or {}))
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        location = [str(part) for part in first["loc"]]
        message = f"{'.'.join(location)}: {validation_message(first)}"
        return ErrorFields(400, message, "invalid_value", ".".join(location[1:]) or None)
    for kind, status, code in STATUSES:
        if isinstance(error, UnispeechError) and isinstance(error, kind):
            own = error.code if isinstance(error, ServiceError) else ""
            param = PARAMS.get(kind) or error.option or None
            return ErrorFields(status, public(error), own or code, param, HEADERS.get(kind))
    if is_full(error):
        message = "the server's disk is full; try again later, or tell its operator"
        return ErrorFields(507, message, "no_space", headers={"Retry-After": "60"})
    if isinstance(error, UNAVAILABLE):
        message = "the server's database does not answer; try again in a moment"
        return ErrorFields(503, message, "database_unavailable", headers={"Retry-After": "5"})
    if isinstance(error, asyncio.CancelledError):
        message = "the server is stopping; send the request again in a moment"
        retry = {"Retry-After": "5", "Connection": "close"}
        return ErrorFields(503, message, "stopping", headers=retry)
    if cause := machine_fault(error):
        message = f"the server cannot do this now: {cause}; try again later, or tell its operator"
        return ErrorFields(503, message, "server_fault", headers={"Retry-After": "60"})
    return ErrorFields(500, "internal error; the log has the details")

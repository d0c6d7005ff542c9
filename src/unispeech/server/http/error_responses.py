"""Errors as answers: one table of statuses, and the body that each dialect's clients expect."""

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
from unispeech.server.service_errors import (
    Busy,
    FetchFailed,
    NewerSchema,
    NotFound,
    ServiceError,
    TooLarge,
)
from unispeech.server.speech.decoders import TooLong
from unispeech.server.speech.speech import NoSpeakers, public
from unispeech.server.storage.connection import AWAY, reason
from unispeech.server.storage.disk import is_full

log = logging.getLogger("unispeech.server")


class Refused(UnispeechError):
    """A request that is answered with this status. `param` is the field that is wrong."""

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
"""The first class that fits decides. Whatever is not here is our own failure: 500. A refusal may
have a code of its own."""
PARAMS: dict[type[UnispeechError], str] = {UnknownModel: "model", NoSpeakers: "speakers"}
"""The field that such an error is about."""
HEADERS: dict[type[UnispeechError], dict[str, str]] = {
    Busy: {"Retry-After": "5"},
    TooLarge: {"Connection": "close"},  # the rest of the body stays unread
}

KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error",
         429: "rate_limit_error"}  # fmt: skip

DOCUMENTED: dict[int | str, dict[str, Any]] = {
    400: {"description": "Something in the request is wrong; the message says what."},
    401: {"description": "An API key is needed."},
    404: {"description": "There is no such job, model or backend."},
    413: {"description": "The upload is too large or the recording too long."},
    408: {"description": "The rest of the body does not come."},
    429: {"description": "Too many requests; Retry-After says when to come back."},
    503: {"description": "The service is stopping, or its database does not answer."},
    507: {"description": "The server's disk is full."},
}
"""What any route may answer besides its own statuses, for the OpenAPI document."""


def answer(request: HTTPConnection, error: BaseException) -> Response:
    """Any error as the answer that the client of this route understands."""
    status, message, code, param, headers = _told(error)
    message = message.encode("utf-8", "replace").decode()  # half a character cannot be sent
    if status == 500:
        log.error("request failed", exc_info=error)
    elif status == 503:
        log.error("not served: %s", reason(error) if isinstance(error, AWAY) else "stopping")
    elif status == 507:
        log.error("the disk is full: free some space under UNISPEECH_DATA_DIR")
    path = request.url.path
    if _is_waas(path):
        return PlainTextResponse(message, status, headers)
    if path.startswith(("/asr", "/detect-language")):
        return JSONResponse({"detail": message}, status, headers)
    param = param.encode("utf-8", "replace").decode() if param else param
    kind = KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return JSONResponse(body, status, headers)


async def answer_async(request: Request, error: Exception) -> Response:
    return answer(request, error)


def said(wrong: Mapping[str, Any]) -> str:
    """One of pydantic's errors, in words."""
    return str(wrong["msg"]).removeprefix("Value error, ")


def _is_waas(path: str) -> bool:
    first = path.removeprefix("/v1/").split("/")[0]
    return path.startswith("/v1/") and first in (
        "transcribe", "jobs", "download", "detect", "queue", "stats",
    )  # fmt: skip


class Told(NamedTuple):
    """An error in the words of an answer."""

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    headers: dict[str, str] | None = None


def _told(error: BaseException) -> Told:
    if isinstance(error, Refused):
        return Told(error.status, public(error), error.code or None, error.param, error.headers)
    if isinstance(error, HTTPException):
        return Told(error.status_code, str(error.detail), headers=dict(error.headers or {}))
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        place = [str(part) for part in first["loc"]]
        message = f"{'.'.join(place)}: {said(first)}"
        return Told(400, message, "invalid_value", ".".join(place[1:]) or None)
    for kind, status, code in STATUSES:
        if isinstance(error, UnispeechError) and isinstance(error, kind):
            own = error.code if isinstance(error, ServiceError) else ""
            param = PARAMS.get(kind) or error.option or None
            return Told(status, public(error), own or code, param, HEADERS.get(kind))
    if is_full(error):
        message = "the server's disk is full; try again later, or tell whoever runs it"
        return Told(507, message, "no_space", headers={"Retry-After": "60"})
    if isinstance(error, AWAY):
        message = "the server's database does not answer; try again in a moment"
        return Told(503, message, "database_unavailable", headers={"Retry-After": "5"})
    if isinstance(error, asyncio.CancelledError):
        message = "the server is stopping; send the request again in a moment"
        return Told(503, message, "stopping", headers={"Retry-After": "5", "Connection": "close"})
    return Told(500, "internal error; the log has the details")

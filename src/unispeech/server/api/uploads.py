"""Resumable uploads by the protocol tus 1.0: core, creation, expiration and termination."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Coroutine
from email.utils import formatdate
from typing import Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from unispeech.errors import UnispeechError
from unispeech.server.api.schemas import UploadList, UploadShown
from unispeech.server.http import forms
from unispeech.server.http.dependencies import Caller, TheService
from unispeech.server.http.error_responses import RequestError, answer
from unispeech.server.http.routing import Route
from unispeech.server.http.sub_path import route_path
from unispeech.server.service import Service
from unispeech.server.service_errors import Busy, TooLarge
from unispeech.server.storage.disk import clean_name
from unispeech.server.storage.keys import Key
from unispeech.server.storage.partial_uploads import Superseded, Upload, WrongOffset

VERSION = "1.0.0"
BODY = "application/offset+octet-stream"


OVERRIDES = frozenset({"HEAD", "PATCH", "DELETE"})
"""Methods that `X-HTTP-Method-Override` may name in a POST to an upload."""


class TusRoute(Route):
    """Route that checks the tus version of requests, and adds it to all responses."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                _check_version(request)
                response = await handler(request)
            except (UnispeechError, RequestValidationError) as error:
                response = answer(request, error)
            response.headers["Tus-Resumable"] = VERSION
            response.headers["Cache-Control"] = "no-store"
            return response

        return handle


router = APIRouter(prefix="/uploads", tags=["Uploads"], route_class=TusRoute)

VERSIONED: dict[int | str, dict[str, Any]] = {
    412: {"description": "The client speaks another version of tus."}
}


class MethodOverride:
    """ASGI middleware for tus clients whose environment can only send GET and POST."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            method = Headers(scope=scope).get("x-http-method-override", "").upper()
            if method in OVERRIDES and route_path(scope).startswith("/api/uploads/"):
                scope["method"] = method
        await self.app(scope, receive, send)


def _check_version(request: Request) -> None:
    if request.method != "OPTIONS" and request.headers.get("tus-resumable", VERSION) != VERSION:
        raise RequestError(
            412,
            f"this server speaks tus {VERSION}",
            code="tus_version",
            headers={"Tus-Version": VERSION},
        )


def _bytes(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0}
    return {"name": name, "in": "header", "required": True, "description": description,
            "schema": schema}  # fmt: skip


@router.options("", summary="Show the upload protocol", status_code=204, response_class=Response)
async def ability(service: TheService) -> Response:
    """Return the tus version, extensions and size limit in headers."""
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": "creation,expiration,termination",
        "Tus-Max-Size": str(service.settings.max_upload),
    }
    return Response(status_code=204, headers=headers)


@router.post(
    "",
    summary="Create an upload",
    status_code=201,
    response_class=Response,
    responses=VERSIONED,
    openapi_extra={"parameters": [_bytes("Upload-Length", "Bytes of the whole file.")]},
)
async def create(request: Request, service: TheService, key: Caller) -> Response:
    """Create an empty upload. Its URL is in `Location`; `Upload-Metadata` may give a `filename`."""
    if "upload-defer-length" in request.headers:
        raise RequestError(
            400,
            "deferred lengths are not supported",
            "send Upload-Length",
            param="Upload-Defer-Length",
        )
    if "upload-concat" in request.headers:
        raise RequestError(
            400, "concatenation is not supported", "send the file as one upload",
            param="Upload-Concat", code="tus_extension",
        )  # fmt: skip
    size = _number(request, "Upload-Length")
    if size == 0:
        raise RequestError(400, "the file is empty (0 bytes)", param="Upload-Length")
    if size > service.max_upload(key):
        raise TooLarge(service.max_upload(key))
    name = clean_name(_filename(request.headers.get("upload-metadata", "")))

    def reserve() -> Upload:
        if len(service.jobs.uploads.list(key.id)) >= service.settings.queue_size:
            raise Busy("too many unfinished uploads", "finish or delete some")
        return service.jobs.uploads.create(key.id, name, size)

    upload = await service.jobs.store.run(reserve)
    location = {"Location": f"{request.scope.get('root_path', '')}/api/uploads/{upload.id}"}
    return Response(status_code=201, headers={**location, **_headers(upload)})


@router.get("", summary="List uploads", responses=VERSIONED)
async def list_uploads(service: TheService, key: Caller) -> UploadList:
    """List the caller's uploads that no job has used yet."""
    uploads = await service.jobs.store.run(service.jobs.uploads.list, key.id)
    return UploadList(uploads=[_view(upload) for upload in uploads])


@router.head(
    "/{upload_id}",
    summary="Read the offset of an upload",
    response_class=Response,
    responses=VERSIONED,
)
async def offset(upload_id: str, service: TheService, key: Caller) -> Response:
    """Return size and offset in headers, as tus prescribes."""
    return Response(headers=_headers(await _find(service, key, upload_id)))


@router.get("/{upload_id}", summary="Show an upload", responses=VERSIONED)
async def show(upload_id: str, service: TheService, key: Caller) -> UploadShown:
    """Return an upload with its size and offset."""
    return _view(await _find(service, key, upload_id))


@router.patch(
    "/{upload_id}",
    summary="Append to an upload",
    status_code=204,
    response_class=Response,
    responses={
        **VERSIONED,
        409: {"description": "The offset is wrong, or another request has continued the upload."},
        415: {"description": f"The Content-Type is not {BODY}."},
    },
    openapi_extra={
        "parameters": [_bytes("Upload-Offset", "Offset at which the body begins.")],
        "requestBody": {"content": {BODY: {"schema": {"type": "string", "format": "binary"}}}},
    },
)
async def append(upload_id: str, request: Request, service: TheService, key: Caller) -> Response:
    """Append the body to the file. The new offset is in `Upload-Offset`."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != BODY:
        raise RequestError(415, f"the Content-Type is not {BODY}", code="wrong_content_type")
    offset = _number(request, "Upload-Offset")
    upload = await _find(service, key, upload_id)
    try:
        end = await service.jobs.uploads.append(upload, offset, forms.until_disconnect(request))
    except WrongOffset as error:
        raise RequestError(
            409, error.message, error.hint, code="wrong_offset",
            headers={"Upload-Offset": str(error.offset)},
        ) from None  # fmt: skip
    except Superseded as error:
        raise RequestError(409, error.message, code="superseded") from None
    except FileNotFoundError:
        raise _unknown() from None
    return Response(status_code=204, headers={**_headers(upload), "Upload-Offset": str(end)})


@router.delete(
    "/{upload_id}",
    summary="Delete an upload",
    status_code=204,
    response_class=Response,
    responses=VERSIONED,
)
async def delete(upload_id: str, service: TheService, key: Caller) -> Response:
    """Delete an upload and the bytes received."""
    upload = await _find(service, key, upload_id)
    await service.jobs.store.run(service.jobs.uploads.remove, upload.id)
    return Response(status_code=204)


async def _find(service: Service, key: Key, id: str) -> Upload:
    upload = await service.jobs.store.run(service.jobs.uploads.find, key.id, id)
    if upload is None:
        raise _unknown()
    return upload


def _unknown() -> RequestError:
    return RequestError(404, "there is no such upload", "start again", code="upload_not_found")


def _number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise RequestError(400, f"{name} is {text[:50]!r}, not a number of bytes", param=name)
    return int(text)


def _filename(metadata: str) -> str:
    """Return the file name in the header `Upload-Metadata`, or an empty string.

    Raises:
        RequestError: 400, the name is not base64.
    """
    for pair in metadata.split(","):
        name, _, value = pair.strip().partition(" ")
        if name in ("filename", "name"):
            try:
                return base64.b64decode(value, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                raise RequestError(
                    400, f"{name} in Upload-Metadata is not base64", param="Upload-Metadata"
                ) from None
    return ""


def _headers(upload: Upload) -> dict[str, str]:
    return {
        "Upload-Offset": str(upload.offset),
        "Upload-Length": str(upload.size),
        "Upload-Expires": formatdate(upload.expires, usegmt=True),
    }


def _view(upload: Upload) -> UploadShown:
    return UploadShown(
        id=upload.id, filename=upload.filename, size=upload.size, offset=upload.offset,
        created=upload.created, expires=upload.expires,
    )  # fmt: skip

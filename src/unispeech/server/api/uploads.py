"""Uploads in pieces: the protocol tus 1.0, core with creation, expiration and termination."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Coroutine
from email.utils import formatdate
from typing import Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute

from unispeech.errors import UnispeechError
from unispeech.server.api.schemas import UploadList, UploadShown
from unispeech.server.http import forms
from unispeech.server.http.dependencies import Caller, TheService
from unispeech.server.http.error_responses import Refused, answer
from unispeech.server.service import Service
from unispeech.server.service_errors import Busy, TooLarge
from unispeech.server.storage.disk import clean_name
from unispeech.server.storage.keys import Key
from unispeech.server.storage.partial_uploads import Superseded, Upload, WrongOffset

VERSION = "1.0.0"
BODY = "application/offset+octet-stream"


class TusRoute(APIRoute):
    """Every answer says the protocol's version, and refuses a client of another."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def spoken(request: Request) -> Response:
            try:
                _check_version(request)
                response = await inner(request)
            except (UnispeechError, RequestValidationError) as error:
                response = answer(request, error)
            response.headers["Tus-Resumable"] = VERSION
            response.headers["Cache-Control"] = "no-store"
            return response

        return spoken


router = APIRouter(prefix="/uploads", tags=["Uploads"], route_class=TusRoute)

VERSIONED: dict[int | str, dict[str, Any]] = {
    412: {"description": "The Tus-Resumable of the request is another version."}
}


def _check_version(request: Request) -> None:
    if request.method != "OPTIONS" and request.headers.get("tus-resumable", VERSION) != VERSION:
        raise Refused(
            412,
            "this server speaks tus 1.0.0",
            code="tus_version",
            headers={"Tus-Version": VERSION},
        )


def _bytes(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0}
    return {"name": name, "in": "header", "required": True, "description": description,
            "schema": schema}  # fmt: skip


@router.options("", status_code=204, response_class=Response)
async def ability(service: TheService) -> Response:
    """Which parts of the protocol there are."""
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": "creation,expiration,termination",
        "Tus-Max-Size": str(service.settings.max_upload),
    }
    return Response(status_code=204, headers=headers)


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses=VERSIONED,
    openapi_extra={"parameters": [_bytes("Upload-Length", "Of the whole file.")]},
)
async def create(request: Request, service: TheService, key: Caller) -> Response:
    """Begin an upload. Its address is in `Location`."""
    if "upload-defer-length" in request.headers:
        raise Refused(400, "the length has to be known", param="Upload-Defer-Length")
    size = _number(request, "Upload-Length")
    if size == 0:
        raise Refused(400, "the file is empty (0 bytes)", param="Upload-Length")
    if size > service.max_upload(key):
        raise TooLarge(service.max_upload(key))
    name = clean_name(_filename(request.headers.get("upload-metadata", "")))

    def created() -> Upload:
        if len(service.jobs.uploads.list(key.id)) >= service.settings.queue_size:
            raise Busy("too many uploads are open", "finish or delete some")
        return service.jobs.uploads.create(key.id, name, size)

    upload = await asyncio.to_thread(created)
    location = {"Location": f"/api/uploads/{upload.id}"}
    return Response(status_code=201, headers={**location, **_state(upload)})


@router.get("", responses=VERSIONED)
async def list_uploads(service: TheService, key: Caller) -> UploadList:
    """The caller's uploads that no job has taken yet."""
    found = await asyncio.to_thread(service.jobs.uploads.list, key.id)
    return UploadList(uploads=[_shown(upload) for upload in found])


@router.get("/{upload_id}", responses=VERSIONED)
async def show(upload_id: str, service: TheService, key: Caller) -> UploadShown:
    """How far an upload is."""
    return _shown(await _find(service, key, upload_id))


@router.head("/{upload_id}", response_class=Response, responses=VERSIONED)
async def offset(upload_id: str, service: TheService, key: Caller) -> Response:
    """How far an upload is, in its headers."""
    return Response(headers=_state(await _find(service, key, upload_id)))


@router.patch(
    "/{upload_id}",
    status_code=204,
    response_class=Response,
    responses={
        **VERSIONED,
        409: {"description": "The upload stands elsewhere, or another request goes on with it."},
        415: {"description": f"The Content-Type is not {BODY}."},
    },
    openapi_extra={
        "parameters": [_bytes("Upload-Offset", "Where these begin.")],
        "requestBody": {"content": {BODY: {"schema": {"type": "string", "format": "binary"}}}},
    },
)
async def append(upload_id: str, request: Request, service: TheService, key: Caller) -> Response:
    """Add bytes at the end. `Upload-Offset` says where the next ones begin."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != BODY:
        raise Refused(415, f"the Content-Type is not {BODY}", code="wrong_content_type")
    here = _number(request, "Upload-Offset")
    upload = await _find(service, key, upload_id)
    try:
        reached = await service.jobs.uploads.append(upload, here, forms.until_disconnect(request))
    except WrongOffset as error:
        raise Refused(
            409, error.message, error.hint, code="wrong_offset",
            headers={"Upload-Offset": str(error.offset)},
        ) from None  # fmt: skip
    except Superseded as error:
        raise Refused(409, error.message, code="superseded") from None
    except FileNotFoundError:
        raise _unknown() from None
    return Response(status_code=204, headers={**_state(upload), "Upload-Offset": str(reached)})


@router.delete("/{upload_id}", status_code=204, response_class=Response, responses=VERSIONED)
async def delete(upload_id: str, service: TheService, key: Caller) -> Response:
    """Give an upload up, and remove what has arrived."""
    upload = await _find(service, key, upload_id)
    await asyncio.to_thread(service.jobs.uploads.remove, upload.id)
    return Response(status_code=204)


async def _find(service: Service, key: Key, id: str) -> Upload:
    found = await asyncio.to_thread(service.jobs.uploads.find, key.id, id)
    if found is None:
        raise _unknown()
    return found


def _unknown() -> Refused:
    return Refused(404, "there is no such upload", "begin again", code="upload_not_found")


def _number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise Refused(400, f"{name} is not a number of bytes", param=name)
    return int(text)


def _filename(metadata: str) -> str:
    """The file's name in an `Upload-Metadata`, or an empty string.

    Raises:
        Refused: 400, it is not base64.
    """
    for pair in metadata.split(","):
        name, _, value = pair.strip().partition(" ")
        if name in ("filename", "name"):
            try:
                return base64.b64decode(value, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                raise Refused(
                    400, f"{name} in Upload-Metadata is not base64", param="Upload-Metadata"
                ) from None
    return ""


def _state(upload: Upload) -> dict[str, str]:
    return {
        "Upload-Offset": str(upload.offset),
        "Upload-Length": str(upload.size),
        "Upload-Expires": formatdate(upload.expires, usegmt=True),
    }


def _shown(upload: Upload) -> UploadShown:
    return UploadShown(
        id=upload.id, filename=upload.filename, size=upload.size, offset=upload.offset,
        created=upload.created, expires=upload.expires,
    )  # fmt: skip

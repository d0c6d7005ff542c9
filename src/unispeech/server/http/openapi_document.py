"""The OpenAPI document: FastAPI's, completed and corrected for this service's error responses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field

from unispeech.server.http.json_bodies import MODELS
from unispeech.server.http.protocol import MAX_HEADERS

TAGS = {
    "Jobs": "Transcription of recordings in the background.",
    "Transcripts": "Transcripts of jobs: download, edits, revisions, re-decoded ranges.",
    "Audio": "Recordings of jobs: media type, audio, waveform.",
    "Links": "Read access to one job without an API key.",
    "Captions": "Live captions that others watch by link.",
    "Uploads": "Resumable uploads by the tus protocol.",
    "Vocabulary lists": "Names and terms to expect, kept on the server for the jobs of one key.",
    "Info": "Backends, models, options and limits of the server.",
    "OpenAI": "OpenAI's audio API.",
    "WAAS": "API of WAAS. Errors are plain text.",
    "whisper-asr-webservice": 'API of whisper-asr-webservice. Errors are `{"detail": ...}`.',
    "Deepgram": "Deepgram's API for recordings. Errors have `err_code` and `err_msg`.",
    "whisper.cpp": 'API of whisper.cpp\'s server. Errors are `{"error": ...}`.',
    "speaches": 'Routes of speaches for models. Errors are `{"detail": ...}`.',
    "SageMaker": 'Contract of SageMaker\'s containers. Errors are `{"error": ...}`.',
    "Operations": "Health checks and metrics.",
}
"""Descriptions of the tags, in the order of the document."""
JSON_ERRORS = {
    "Jobs", "Transcripts", "Audio", "Links", "Captions", "Uploads", "Vocabulary lists", "Info",
    "OpenAI",
}  # fmt: skip
"""Tags whose errors have the body `ErrorBody`."""
PATH_PARAMETERS = {
    "job_id": "ID of the job.",
    "upload_id": "ID of the upload.",
    "share_id": "ID of the share link.",
    "captions_id": "ID of the captions.",
    "token": "Token of a share link or ticket.",
    "model": "Name of the model.",
    "deployment": "Name of the model.",
}
"""Descriptions of path parameters that have none."""
KEY_TEXT = "An API key. Needed only if the server requires keys (`keys_required` in `/api/info`)."
SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": KEY_TEXT},
    "basic": {"type": "http", "scheme": "basic", "description": f"{KEY_TEXT} It is the password."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": KEY_TEXT},
}
PUBLIC = ("/api/shared/", "/api/captions/", "/health", "/ping", "/readyz", "/metrics")
"""Beginnings of the paths that need no API key."""


class ErrorDetail(BaseModel):
    """Reason why a request failed."""

    message: str = Field(description="Reason and remedy, in one line.")
    type: str = Field(description="Category, as in OpenAI's API.")
    param: str | None = Field(description="Field or header at fault.")
    code: str | None = Field(description="Stable, machine-readable reason.")


class ErrorBody(BaseModel):
    """Body of every error response."""

    error: ErrorDetail


def openapi(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of the application, which is built once."""
    if app.openapi_schema is None:
        tags = [{"name": name, "description": text} for name, text in TAGS.items()]
        document = get_openapi(
            title=app.title, version=app.version, description=app.description,
            routes=app.routes, tags=tags,
        )  # fmt: skip
        _correct(document)
        app.openapi_schema = document
    return app.openapi_schema


def _correct(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    reference = "#/components/schemas/{model}"
    schemas["ErrorDetail"] = ErrorDetail.model_json_schema()
    schemas["ErrorBody"] = ErrorBody.model_json_schema(ref_template=reference)
    del schemas["ErrorBody"]["$defs"]
    body = {"application/json": {"schema": {"$ref": reference.format(model="ErrorBody")}}}
    document["components"]["securitySchemes"] = SECURITY_SCHEMES
    document["security"] = [{name: []} for name in SECURITY_SCHEMES] + [{}]
    for schema in (model.model_json_schema(ref_template=reference) for model in MODELS):
        schemas.update({**schema.pop("$defs", {}), schema["title"]: schema})
    too_large = {"description": f"The headers are larger than {MAX_HEADERS >> 10} KiB."}
    for path, operation in _operations(document):
        operation["responses"].pop("422", None)  # a malformed request is 400 here
        operation["responses"]["431"] = {**too_large, "content": body}  # before any route
        operation["responses"] = dict(sorted(operation["responses"].items()))
        for response in operation["responses"].values():
            if response["description"] == "Successful Response":
                response["description"] = "Success."
        if path.startswith(PUBLIC):
            operation["security"] = []
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "path":
                parameter.setdefault("description", PATH_PARAMETERS.get(parameter["name"], ""))
        if JSON_ERRORS.isdisjoint(operation["tags"]):
            continue
        for status, response in operation["responses"].items():
            if status.startswith(("4", "5")):
                response["content"] = body


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation

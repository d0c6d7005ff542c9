"""Routes for vocabulary lists, and the words that jobs take from them."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import TypeAdapter, ValidationError

from unispeech.errors import did_you_mean, nearest
from unispeech.option_schema import MAX_TEXT
from unispeech.server.api.schemas import JobOptions, Range
from unispeech.server.api.vocabulary_schemas import (
    SEPARATOR,
    ListName,
    NewVocabulary,
    VocabularyInList,
    VocabularyList,
    VocabularyShown,
    normal_name,
)
from unispeech.server.http.dependencies import Caller, TheService
from unispeech.server.http.error_responses import RequestError, validation_message
from unispeech.server.http.routing import Route
from unispeech.server.storage import vocabularies
from unispeech.server.storage.database import Database
from unispeech.server.storage.keys import Key
from unispeech.server.storage.vocabularies import Vocabulary

router = APIRouter(prefix="/vocabularies", tags=["Vocabulary lists"], route_class=Route)

MAX_LISTS = 100
"""Lists of one key. The page shows all of them."""
Name = Annotated[str, Path(description="Name of the list.")]
CHANGED: dict[int | str, dict[str, Any]] = {
    412: {"description": "The list is not the one that `If-Match` or `If-None-Match` expects."}
}
CONDITIONS = {
    "parameters": [
        {
            "name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"},
            "description": "ETag of the list that the change is based on; `*`: any list.",
        },
    ]
}  # fmt: skip
CREATION = {
    "name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "`*`: only create the list, and replace none.",
}  # fmt: skip


@router.get("", summary="List vocabulary lists")
async def list_all(service: TheService, key: Caller) -> VocabularyList:
    """List the vocabulary lists of the caller's key, by name."""
    lists = await asyncio.to_thread(vocabularies.vocabularies_of, service.database, key.id)
    return VocabularyList(
        vocabularies=[
            VocabularyInList(name=found.name, size=len(found.words), changed=found.changed)
            for found in lists
        ]
    )


@router.get("/{name}", summary="Show a vocabulary list")
async def show(name: Name, service: TheService, key: Caller, response: Response) -> VocabularyShown:
    """Return a list with its words. Its ETag is in the response."""
    return _shown(await asyncio.to_thread(_find, service.database, key, name), response)


@router.put(
    "/{name}",
    summary="Create or replace a vocabulary list",
    responses={
        **CHANGED,
        201: {"description": "The list is new.", "model": VocabularyShown},
        409: {"description": "The key has the most lists, or another one of the new name."},
    },
    openapi_extra={"parameters": [*CONDITIONS["parameters"], CREATION]},
)
async def put(
    name: Name,
    new: NewVocabulary,
    service: TheService,
    key: Caller,
    request: Request,
    response: Response,
) -> VocabularyShown:
    """Replace the words of a list, and its name if `name` is set, or create the list.

    Without `If-Match` and `If-None-Match` the list is replaced whoever has changed it.
    """
    name = _checked(name)

    def save() -> Vocabulary:
        old = vocabularies.find(service.database, key.id, name)
        _check_conditions(request, old)
        if old is None and new.name in (None, name):
            response.status_code = 201
            return _create(service.database, key, name, new.words)
        old = old or _find(service.database, key, name)
        return _replace(service.database, key, old, new)

    return _shown(await asyncio.to_thread(save), response)


def _create(database: Database, key: Key, name: str, words: list[str]) -> Vocabulary:
    if len(vocabularies.vocabularies_of(database, key.id)) >= MAX_LISTS:
        raise RequestError(
            409, f"there are {MAX_LISTS} vocabulary lists already", "delete one first",
            code="too_many_vocabularies",
        )  # fmt: skip
    created = vocabularies.create(database, key.id, name, words)
    if created is None:
        raise _taken(name)
    return created


def _replace(database: Database, key: Key, old: Vocabulary, new: NewVocabulary) -> Vocabulary:
    name = new.name or old.name
    if name != old.name and vocabularies.find(database, key.id, name):
        raise _taken(name)
    replaced = vocabularies.replace(database, key.id, old, name, new.words)
    if replaced is None:
        raise _changed(old.name)
    return replaced


@router.delete(
    "/{name}",
    summary="Delete a vocabulary list",
    status_code=204,
    responses=CHANGED,
    openapi_extra=CONDITIONS,
)
async def delete(name: Name, service: TheService, key: Caller, request: Request) -> Response:
    """Delete a list. Jobs keep the words that they took from it."""

    def remove() -> None:
        old = _find(service.database, key, name)
        _check_conditions(request, old)
        if not vocabularies.remove(service.database, key.id, old):
            raise _changed(old.name)

    await asyncio.to_thread(remove)
    return Response(status_code=204)


def options_with_words(database: Database, key: Key, fields: JobOptions | Range) -> dict[str, Any]:
    """Return the options of a request, with the words of its lists before its own hotwords: if a
    model cannot take all, it drops the first ones.

    Raises:
        RequestError: 404, the key has no such list; 400, the words are too long together.
    """
    options = fields.options()
    names = [normal_name(name) for name in (fields.vocabulary or "").split(",")]
    lists = [
        _find(database, key, name, "vocabulary") for name in dict.fromkeys(filter(None, names))
    ]
    words = [word for found in lists for word in found.words]
    if not words:
        return options
    own = options.get("hotwords")
    text = SEPARATOR.join(dict.fromkeys((*words, own) if own else words))
    if len(text) > MAX_TEXT:
        raise RequestError(
            400, f"the vocabulary lists and hotwords have {len(text)} characters together",
            f"choose fewer; at most {MAX_TEXT} are possible", param="vocabulary",
            code="invalid_value",
        )  # fmt: skip
    return {**options, "hotwords": text}


def _find(database: Database, key: Key, name: str, param: str | None = None) -> Vocabulary:
    found = vocabularies.find(database, key.id, normal_name(name))
    if found is None:
        known = [each.name for each in vocabularies.vocabularies_of(database, key.id)]
        hint = did_you_mean(nearest(name, known), "see /api/vocabularies")
        raise RequestError(
            404, f"there is no vocabulary list {name[:100]!r}", hint, param=param,
            code="vocabulary_not_found",
        )  # fmt: skip
    return found


def _checked(name: str) -> str:
    try:
        return TypeAdapter(ListName).validate_python(name)
    except ValidationError as error:
        message = f"name: {validation_message(error.errors()[0])}"
        raise RequestError(400, message, param="name", code="invalid_value") from None


def _check_conditions(request: Request, current: Vocabulary | None) -> None:
    """Check the headers If-Match and If-None-Match (RFC 9110, 13.1).

    Raises:
        RequestError: 412, the list is another one.
    """
    expected = _tags(request.headers.get("if-match"))
    unwanted = _tags(request.headers.get("if-none-match"))
    tag = f'"{current.digest}"' if current else None
    if current and ("*" in unwanted or tag in unwanted):
        raise _taken(current.name, 412)
    if expected and (tag is None or ("*" not in expected and tag not in expected)):
        raise _changed(current.name if current else None)


def _tags(header: str | None) -> list[str]:
    return [tag.strip() for tag in header.split(",")] if header else []


def _changed(name: str | None) -> RequestError:
    what = (
        f"the vocabulary list {name!r} was changed" if name else "the vocabulary list was deleted"
    )
    return RequestError(
        412, f"{what} meanwhile", "get it again, then repeat your change", code="vocabulary_changed"
    )


def _taken(name: str, status: int = 409) -> RequestError:
    message = f"there is a vocabulary list {name!r} already"
    return RequestError(
        status, message, "choose another name", param="name", code="vocabulary_exists"
    )


def _shown(found: Vocabulary, response: Response) -> VocabularyShown:
    response.headers["ETag"] = f'"{found.digest}"'
    return VocabularyShown(name=found.name, words=list(found.words), changed=found.changed)

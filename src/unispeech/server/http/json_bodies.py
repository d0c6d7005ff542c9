"""Large JSON bodies: read after the caller and the job are known, and parsed in a thread."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from unispeech.server.http.error_responses import RequestError

Model = TypeVar("Model", bound=BaseModel)

MAX_COUNTS = {b",": 4_000_000, b"{": 1_000_000, b"[": 500_000}
"""Largest number of each character in a body, texts included, as a bound of the number of values.
32 MiB can hold twelve million lists, which take gigabytes; 480,000 words have two million commas.
"""
MODELS: list[type[BaseModel]] = []
"""Models of bodies that FastAPI does not see, for `openapi_document`."""
_parsing = asyncio.Lock()
"""Held while a body is parsed, since `parse` switches garbage collection off."""


def json_body(model: type[Model]) -> Callable[[Request], Coroutine[Any, Any, Model]]:
    """Return a dependency that reads the body as this model.

    FastAPI would parse it on the event loop, before it resolves the dependencies that can reject
    the request.

    Raises:
        RequestError: 400, the body is not JSON, or 413, it has too many values.
        RequestValidationError: the body does not fit the model.
    """

    async def read(request: Request) -> Model:
        return await parse_large(model, await request.body())

    return read


async def parse_large(model: type[Model], body: bytes) -> Model:
    """Parse a body in a thread, after the bodies before it (see `json_body` for the errors)."""
    async with _parsing:
        return await asyncio.to_thread(parse, model, body)


def parse(model: type[Model], body: bytes) -> Model:
    """Parse a body, and let other threads run meanwhile (see `json_body` for the errors)."""
    for character, most in MAX_COUNTS.items():
        if body.count(character) > most:
            raise RequestError(
                413, f"the body has more than {most} {character.decode()!r}", code="too_many_values"
            )
    # JSON has no cycles, and collections would hold the interpreter for 5 of 6 seconds.
    gc.disable()
    try:
        # The hook is Python code, between whose calls the C parser lets go of the interpreter.
        return model.model_validate(json.loads(body, object_hook=lambda value: value))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise RequestValidationError([{**first, "loc": ("body", *first["loc"])}]) from None
    except (ValueError, RecursionError) as error:
        raise RequestError(400, f"the body is not JSON: {error}", code="invalid_json") from None
    finally:
        gc.enable()


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the `requestBody` of a route with `json_body`."""
    MODELS.append(model)
    reference = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": reference}}}
    }

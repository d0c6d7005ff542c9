"""Query parameters that a route declares, and those that it does not have."""

from __future__ import annotations

from fastapi import Request
from fastapi.dependencies.models import Dependant

from unispeech.errors import did_you_mean, nearest
from unispeech.server.http.error_responses import RequestError


def unknown_parameters(request: Request) -> list[str]:
    """Return the names of query parameters that the route does not have."""
    known = _declared(request)
    return [name for name in request.query_params if name not in known]


async def refuse_unknown_parameters(request: Request) -> None:
    """Refuse query parameters that the route does not have, or that occur twice.

    async so that FastAPI does not dispatch it to its thread pool.

    Raises:
        RequestError: 400; `param` is the first unknown or repeated name.
    """
    for name in unknown_parameters(request):
        hint = did_you_mean(nearest(name, _declared(request)))
        message = f"parameter {name[:100]!r} is unknown"
        raise RequestError(400, message, hint, param=name[:100], code="invalid_value")
    for name in request.query_params:
        if len(request.query_params.getlist(name)) > 1:
            message = f"parameter {name!r} occurs twice"
            raise RequestError(400, message, "send it once", param=name, code="invalid_value")


def _declared(request: Request) -> list[str]:
    return _names(request.scope["route"].dependant)


def _names(dependant: Dependant) -> list[str]:
    """Return the query parameters of a route or dependency, and of all that it depends on."""
    nested = [name for part in dependant.dependencies for name in _names(part)]
    return [*(field.alias for field in dependant.query_params), *nested]

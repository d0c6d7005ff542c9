"""The OpenAPI document, as a reader of the API reference needs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unispeech.server.app import create_app
from unispeech.server.http.openapi_document import JSON_ERRORS, TAGS
from unispeech.server.settings import Settings


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("openapi")
    app = create_app(Settings.model_validate({"data_dir": folder}))
    document = app.openapi()
    app.state.service.speech.close()
    return document


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_operation_has_a_summary_of_its_own_and_a_description(
    document: dict[str, Any],
) -> None:
    for name, operation in operations(document).items():
        generated = operation["operationId"].partition("_")[0]
        assert operation["summary"].lower() != generated, name
        assert operation["description"].partition("\n")[0].endswith("."), name
        assert set(operation["tags"]) <= set(TAGS), name


def test_every_parameter_is_described(document: dict[str, Any]) -> None:
    missing = [
        (name, parameter["name"])
        for name, operation in operations(document).items()
        for parameter in operation.get("parameters", [])
        if not parameter.get("description")
    ]
    assert not missing


def test_malformed_requests_are_documented_as_400(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        assert "422" not in operation["responses"], name
        assert "400" in operation["responses"] or name.startswith(("OPTIONS /v1", "GET /")), name


def test_headers_that_are_too_large_are_documented(document: dict[str, Any]) -> None:
    """The protocol rejects them before any route, in one form for all interfaces."""
    for name, operation in operations(document).items():
        schema = operation["responses"]["431"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/ErrorBody"}, name


def test_errors_of_json_interfaces_have_a_schema(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        if JSON_ERRORS.isdisjoint(operation["tags"]):
            continue
        response = operation["responses"]["401"]
        schema = response["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/ErrorBody"}, name
    error = document["components"]["schemas"]["ErrorDetail"]
    assert set(error["properties"]) == {"message", "type", "param", "code"}

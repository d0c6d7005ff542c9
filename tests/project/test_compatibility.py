"""Everything that users of 0.1 wrote down still works: commands, settings, requests, responses.

`published.json` lists what was there before the restructuring. Removing or renaming an entry breaks
somebody's script; add new names freely.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest

from support.samples import ROOT
from unispeech.cli import cli

PUBLISHED: dict[str, Any] = json.loads(
    (ROOT / "tests" / "support" / "published.json").read_text(encoding="utf-8")
)


def _command(name: str) -> click.Command:
    command: click.Command | None = cli
    for part in name.split():
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), part)
    assert command is not None, name
    return command


@pytest.mark.parametrize("name", PUBLISHED["commands"])
def test_a_command_keeps_its_options(name: str) -> None:
    present = {
        option
        for parameter in _command(name).params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert not set(PUBLISHED["commands"][name]) - present


def test_settings_keep_their_names() -> None:
    from unispeech.server.settings import Settings

    for name, variables in PUBLISHED["settings"].items():
        alias: Any = Settings.model_fields[name].validation_alias
        choices = getattr(alias, "choices", None) or [alias or f"UNISPEECH_{name.upper()}"]
        assert set(variables) <= {str(choice) for choice in choices}, name


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    from unispeech.server.app import create_app
    from unispeech.server.settings import Settings

    folder: Path = tmp_path_factory.mktemp("document")
    return create_app(Settings.model_validate({"data_dir": folder})).openapi()


@pytest.mark.parametrize("route", PUBLISHED["routes"])
def test_a_route_keeps_its_fields(document: dict[str, Any], route: str) -> None:
    method, path = route.split()
    operation = document["paths"][path][method.lower()]
    published = PUBLISHED["routes"][route]
    parameters = {parameter["name"] for parameter in operation.get("parameters", [])}
    assert not set(published["parameters"]) - parameters
    body = _fields(document, operation.get("requestBody", {}))
    assert not set(published["body"]) - body
    answers = [r for status, r in operation["responses"].items() if status.startswith("2")]
    assert not set(published["answer"]) - {f for r in answers for f in _fields(document, r)}


def _fields(document: dict[str, Any], message: dict[str, Any]) -> set[str]:
    contents = message.get("content", {}).values()
    return {f for c in contents for f in _properties(document, c.get("schema", {}))}


def _properties(document: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    if "$ref" in schema:
        return _properties(
            document, document["components"]["schemas"][schema["$ref"].split("/")[-1]]
        )
    parts = [part for kind in ("allOf", "anyOf", "oneOf") for part in schema.get(kind, [])]
    return set(schema.get("properties", {})).union(*(_properties(document, p) for p in parts))

"""The types of the page (static/service.d.ts) against the schemas of the service."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import BaseModel

from unispeech.options import OPTIONS, options_for
from unispeech.server.api import (
    info,
    list_schemas,
    schemas,
    transcript_schemas,
    translation_schemas,
)
from unispeech.server.http.static_page import STATIC

INTERFACE = re.compile(r"export interface (\w+)(?: extends (\w+))? \{\n(.*?)\n\}", re.S)
FIELD = re.compile(r"^  (\w+)(\??): (.+);$", re.M)
TYPES = {
    name: (base, FIELD.findall(body))
    for name, base, body in INTERFACE.findall((STATIC / "service.d.ts").read_text())
}


SCHEMAS = {
    name: schema
    for module in (transcript_schemas, translation_schemas, schemas, list_schemas)
    for name, schema in vars(module).items()
    if isinstance(schema, type) and issubclass(schema, BaseModel)
}


@pytest.mark.parametrize("name", sorted(TYPES.keys() & SCHEMAS.keys()))
def test_types_of_the_page_are_those_of_the_service(name: str) -> None:
    schema: dict[str, Any] = SCHEMAS[name].model_json_schema()
    base, fields = TYPES[name]
    assert fields or base
    for field, _, kind in fields:
        assert field in schema["properties"], field
        options = schema["properties"][field].get("anyOf", [])
        is_nullable = {"type": "null"} in options
        assert is_nullable == kind.endswith("| null"), (field, kind)
        values = schema["properties"][field].get("enum")
        assert not values or set(re.findall(r'"(\w+)"', kind)) == set(values), (field, kind)


def test_the_type_of_an_option_has_the_fields_of_the_info() -> None:
    fields = [name for name, _, _ in TYPES["Option"][1]]
    for row in OPTIONS.values():
        described = info._describe_option(row)
        assert list(described) == fields
        assert not described["again"] or row.field in schemas.Range.model_fields


def test_every_option_of_the_page_has_a_label_in_its_words() -> None:
    """Of the numbers of speakers there is one control, that of `speakers`."""
    words = (STATIC / "strings" / "en.js").read_text()
    for row in options_for("page"):
        control = "speakers" if row.field.endswith("_speakers") else row.field
        assert f'"options.{control}":' in words, row.field


def test_most_types_are_compared() -> None:
    assert {"JobShown", "JobInFull", "SharedJob", "Violation", "EditedSegment"} <= set(TYPES)
    assert len(TYPES.keys() & SCHEMAS.keys()) >= 15

"""API reference at `/docs`: the OpenAPI document as HTML.

FastAPI's own pages load scripts and styles from a CDN, which the content security policy forbids
and an offline machine cannot reach.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from unispeech.server.http.static_page import CONTENT_SECURITY_POLICY

router = APIRouter(include_in_schema=False)

HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>UniSpeech API reference</title>
<link rel="icon" href="static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="static/styles/tokens.css">
<link rel="stylesheet" href="static/styles/base.css">
<link rel="stylesheet" href="static/styles/reference.css">
</head>
<body>
<main>
"""


@router.api_route("/docs", methods=["GET", "HEAD"])
async def reference(request: Request) -> HTMLResponse:
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}
    return HTMLResponse(page(request.app.openapi()), headers=headers)


def page(document: Mapping[str, Any]) -> str:
    """Return an OpenAPI document as an HTML page with a section per tag."""
    info = document["info"]
    rows = [
        (operation.get("tags", ["Other"])[0], method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    order = list(dict.fromkeys(row[0] for row in rows))
    rows.sort(key=lambda row: order.index(row[0]))
    sections = "".join(
        f"<h2>{escape(tag)}</h2>\n" + "".join(_operation(*row[1:], document) for row in group)
        for tag, group in groupby(rows, key=lambda row: row[0])
    )
    return (
        f"{HEAD}<h1>{escape(info['title'])} {escape(info['version'])}</h1>\n"
        f"<p>{escape(info['description'])} "
        f'OpenAPI document: <a href="openapi.json">openapi.json</a>.</p>\n'
        f"{sections}</main>\n</body>\n</html>\n"
    )


def _operation(
    method: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any]
) -> str:
    summary = _prose(operation.get("summary", ""))
    text = _prose(operation.get("description", ""))
    tables = (
        _table("Parameters", _parameters(operation, document)),
        _table("Responses", _responses(operation)),
    )
    return (
        f"<details><summary><code>{method.upper()} {escape(path)}</code> {summary}"
        f"</summary>\n<p>{text}</p>\n{''.join(tables)}</details>\n"
    )


def _prose(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _table(caption: str, rows: Iterator[tuple[str, str]]) -> str:
    body = "".join(f"<tr><th>{escape(a)}</th><td>{_prose(b)}</td></tr>\n" for a, b in rows)
    return f"<table><caption hidden>{caption}</caption>\n{body}</table>\n" if body else ""


def _parameters(
    operation: Mapping[str, Any], document: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        text = parameter.get("description") or schema.get("description", "")
        name = f"{parameter['name']} ({parameter['in']})"
        yield name, _field_text(schema, document, text)
    content = operation.get("requestBody", {}).get("content", {})
    for media, body in content.items():
        schema = _resolved(body["schema"], document)
        if "properties" not in schema:
            yield media, schema.get("description", "the body")
        for name, field in schema.get("properties", {}).items():
            text = field.get("description", "")
            yield f"{name} ({media})", _field_text(field, document, text)


def _responses(operation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for status, response in operation.get("responses", {}).items():
        yield status, response.get("description", "")


def _resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        target: Any = document
        for key in schema["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        schema = target
    return schema


def _field_text(schema: Mapping[str, Any], document: Mapping[str, Any], text: str) -> str:
    """Return a schema's type with a description, such as `integer. Largest number of jobs.`"""
    return f"{_type(schema, document)}. {text}".rstrip()


def _type(schema: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """Return a schema in a few words, such as `string or null` or `json | txt | srt`."""
    schema = _resolved(schema, document)
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_type(option, document) for option in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}), document)}"
    return "file" if schema.get("format") == "binary" else str(schema.get("type", "any"))

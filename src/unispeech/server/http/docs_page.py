"""The page at `/docs`: every route from the OpenAPI document, as HTML.

Not FastAPI's own page: its programs and styles come from another site, which our pages may not
load from, and which a machine without a way out cannot.
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
<title>UniSpeech: interfaces</title>
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
    """An OpenAPI document as a page, a chapter a tag."""
    about = document["info"]
    rows = [
        (operation.get("tags", ["Other"])[0], method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    order = list(dict.fromkeys(row[0] for row in rows))
    rows.sort(key=lambda row: order.index(row[0]))
    chapters = "".join(
        f"<h2>{escape(tag)}</h2>\n" + "".join(_operation(*row[1:], document) for row in group)
        for tag, group in groupby(rows, key=lambda row: row[0])
    )
    return (
        f"{HEAD}<h1>{escape(about['title'])} {escape(about['version'])}</h1>\n"
        f'<p>{escape(about["description"])} As a document: <a href="openapi.json">openapi.json</a>.'
        f"</p>\n{chapters}</main>\n</body>\n</html>\n"
    )


def _operation(
    method: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any]
) -> str:
    text = _prose(operation.get("description", operation.get("summary", "")))
    tables = (
        _table("It takes", _parameters(operation, document)),
        _table("It answers", _answers(operation)),
    )
    return (
        f"<details><summary><code>{method.upper()} {escape(path)}</code> {text.split('. ')[0]}"
        f"</summary>\n<p>{text}</p>\n{''.join(tables)}</details>\n"
    )


def _prose(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _table(caption: str, rows: Iterator[tuple[str, str]]) -> str:
    body = "".join(f"<tr><th>{escape(a)}</th><td>{escape(b)}</td></tr>\n" for a, b in rows)
    return f"<table><caption hidden>{caption}</caption>\n{body}</table>\n" if body else ""


def _parameters(
    operation: Mapping[str, Any], document: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    for one in operation.get("parameters", ()):
        told = one.get("description") or one["schema"].get("description", "")
        yield f"{one['name']} ({one['in']})", " ".join([_kind(one["schema"], document), told])
    content = operation.get("requestBody", {}).get("content", {})
    for media, body in content.items():
        schema = _resolved(body["schema"], document)
        if "properties" not in schema:
            yield media, schema.get("description", "the body")
        for name, field in schema.get("properties", {}).items():
            told = field.get("description", "")
            yield f"{name} ({media})", " ".join([_kind(field, document), told])


def _answers(operation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for status, answer in operation.get("responses", {}).items():
        yield status, answer.get("description", "")


def _resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        part: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            part = part[step]
        schema = part
    return schema


def _kind(schema: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """A schema in a few words: `string or null`, `json | txt | srt`."""
    schema = _resolved(schema, document)
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_kind(one, document) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}), document)}"
    return "a file" if schema.get("format") == "binary" else str(schema.get("type", "any"))

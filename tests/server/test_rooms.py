"""Rooms of the service: only some of them know HTTP."""

from __future__ import annotations

import ast
from http import HTTPStatus
from pathlib import Path

import unispeech.server

SERVER = Path(unispeech.server.__file__).parent
HTTP_ROOMS = {"http", "api", "dialects"}
ERRORS = {status.value for status in HTTPStatus if status >= 400} | {499}


def test_statuses_of_errors_stay_in_the_http_rooms() -> None:
    modules = [
        path for path in SERVER.rglob("*.py") if path.relative_to(SERVER).parts[0] not in HTTP_ROOMS
    ]
    assert len(modules) > 20
    statuses = {
        f"{path.relative_to(SERVER)}:{node.lineno}: {node.value}"
        for path in modules
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value in ERRORS
    }
    assert not statuses

"""WAAS's Flask application: its test client sends the requests to a real server."""

from __future__ import annotations

import os
from typing import Any

import httpx

redis_connection = None
"""UniSpeech has no Redis; the test that writes to it is not run."""


class Answer:
    """Response with the names of Flask's."""

    def __init__(self, response: httpx.Response) -> None:
        self.status_code, self.data = response.status_code, response.content
        self.get_json = response.json


class Client:
    def options(self, path: str) -> Answer:
        return self._send("OPTIONS", path)

    def get(self, path: str, **body: Any) -> Answer:
        return self._send("GET", path)

    def post(self, path: str, data: bytes, content_type: str) -> Answer:
        return self._send("POST", path, content=data, headers={"Content-Type": content_type})

    def _send(self, method: str, path: str, **fields: Any) -> Answer:
        return Answer(httpx.request(method, os.environ["SERVER"] + path, timeout=300, **fields))


class App:
    def __init__(self) -> None:
        self.config: dict[str, Any] = {}

    def test_client(self) -> Client:
        return Client()


app = App()

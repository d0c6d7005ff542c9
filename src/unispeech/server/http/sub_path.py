"""Service under a path of another site, such as https://example.org/speech/.

A proxy may remove that path or leave it: both are understood, so that a request that goes past the
proxy works too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class SubPath:
    """ASGI middleware that sets `root_path`, and makes `path` begin with it, as ASGI prescribes.

    `/speech` is redirected to `/speech/`, from which the page's relative links count.
    """

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self.app = app
        self.root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and self.root_path:
            path = scope["path"]
            if path == self.root_path and scope["type"] == "http":
                await RedirectResponse(f"{path}/")(scope, receive, send)
                return
            if path != self.root_path and not path.startswith(self.root_path + "/"):
                scope["path"] = self.root_path + path
            scope["root_path"] = self.root_path
        await self.app(scope, receive, send)


def route_path(scope: Mapping[str, Any]) -> str:
    """Return the path without the one under which a proxy serves the service."""
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))

"""The web page at `/`, its files, and its content security policy."""

from __future__ import annotations

import mimetypes
import os
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

router = APIRouter(include_in_schema=False)

STATIC = Path(__file__).parents[1] / "static"

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' blob:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
"""Content security policy: no inline scripts, nothing from other origins."""

# Do not rely on the system's table: browsers do not run a module served as text/plain.
for suffix, kind in {
    ".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml",
    ".json": "application/json", ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2", ".png": "image/png", ".ico": "image/x-icon",
}.items():  # fmt: skip
    mimetypes.add_type(kind, suffix)


CONTENT_SECURITY_POLICY = "; ".join(f"{name} {value}" for name, value in POLICY.items())


class Files(StaticFiles):
    """Files of the page, which browsers revalidate each time (304 if unchanged)."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        return response


FILES = Files(directory=STATIC)


@router.api_route("/", methods=["GET", "HEAD"])
async def page(request: Request) -> Response:
    return await FILES.get_response("index.html", request.scope)


@router.api_route("/live", methods=["GET", "HEAD"])
async def live() -> Response:
    """Redirect the short URL to the view for live captions."""
    return RedirectResponse("./#/live")

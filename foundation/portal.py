"""Serves a built portal: hashed assets cached for ever, ``index.html`` with a fresh nonce for each of its pages.

Which paths are pages is written into ``pages.json`` when the portal is built. Any other path is 404: for a browser with
the portal's own page that says so, for everybody else as problem+json.
"""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from foundation.errors import NotFound
from foundation.sign_in.principal import Public

NONCE_PLACEHOLDER = "__CSP_NONCE__"
API_PREFIXES = ("/api/", "/auth/", "/oauth/", "/internal/", "/organisations", "/iclock/")

NOT_BUILT = """<!doctype html><meta charset="utf-8"><title>Punctual</title>
<p>The portal has not been built here yet. Run <code>make portal</code>, then reload this page. The API works.</p>"""


class _Assets(StaticFiles):
    """Files whose names carry a hash of their content never change."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def mount_portal(app: FastAPI, dist: Path) -> None:
    """Add the portal after all API routes, since it answers every path that they do not."""
    if (dist / "assets").is_dir():
        app.mount("/assets", _Assets(directory=dist / "assets"), name="assets")

    async def page(request: Request, path: str = "") -> Response:
        plain = dist / path
        if path and "/" not in path and plain.is_file() and plain.suffix in {".ico", ".png", ".svg", ".txt"}:
            return await StaticFiles(directory=dist).get_response(
                path, {"type": "http", "method": "GET", "headers": []}
            )
        index = dist / "index.html"
        if not index.is_file():
            return HTMLResponse(NOT_BUILT)
        known = _is_page(f"/{path}", json.loads((dist / "pages.json").read_bytes()))
        browser = "text/html" in request.headers.get("accept", "")
        if not known and (not browser or f"/{path}".startswith(API_PREFIXES)):
            raise NotFound("not_found", "There is nothing at this address")
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'self'; style-src 'self' 'nonce-{nonce}'; style-src-attr 'none'; "
            "img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
        )
        text = index.read_text().replace(NONCE_PLACEHOLDER, nonce)
        return HTMLResponse(text, 200 if known else 404, headers={"content-security-policy": policy})

    app.add_api_route("/{path:path}", page, methods=["GET"], include_in_schema=False, dependencies=[Depends(Public())])


def _is_page(path: str, pages: list[str]) -> bool:
    """``pages`` are routes such as ``/staff/:id``, in which a name with a colon stands for one part of the path."""
    return any(re.fullmatch(re.sub(r":\w+", "[^/]+", each) + "/?", path) for each in pages)

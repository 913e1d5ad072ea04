"""Serves a built portal: hashed assets, compressed and cached for a year, and ``index.html`` with a fresh nonce.

Which paths are pages is written into ``pages.json`` when the portal is built. Any other path is 404: for a browser with
the portal's own page that says so, for everybody else as problem+json.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from pathlib import Path

from fastapi import Depends, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.datastructures import Headers
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import Scope

from foundation.errors import NotFound
from foundation.sign_in.principal import Public

NONCE_PLACEHOLDER = "__CSP_NONCE__"
API_PREFIXES = ("/api/", "/auth/", "/oauth/", "/internal/", "/organisations", "/iclock/")

NOT_BUILT = """<!doctype html><meta charset="utf-8"><title>Punctual</title>
<p>The portal has not been built here yet. Run <code>make portal</code>, then reload this page. The API works.</p>"""


#: Best first. The build writes a copy with the suffix beside each text file.
COMPRESSED_COPIES = (("br", ".br"), ("gzip", ".gz"))


def _accepted_encodings(headers: Headers) -> set[str]:
    """The content codings that a request allows, for example ``{"gzip", "br"}``; a weight of 0 forbids one."""
    parts = [each.replace(" ", "").lower() for each in headers.get("accept-encoding", "").split(",")]
    return {part.split(";")[0] for part in parts if not part.endswith((";q=0", ";q=0.0", ";q=0.00", ";q=0.000"))}


class _Assets(StaticFiles):
    """Files whose names carry a hash of their content: they never change, and have compressed copies."""

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "Accept-Encoding"}
        accepted = _accepted_encodings(Headers(scope=scope))
        path = Path(full_path)
        for encoding, suffix in COMPRESSED_COPIES:
            copy = path.with_name(path.name + suffix)
            if encoding in accepted and copy.is_file():
                path, stat_result = copy, copy.stat()
                headers |= {"content-encoding": encoding, "content-type": _media_type(full_path)}
                break
        response = super().file_response(path, stat_result, scope, status_code)
        response.headers.update(headers)
        return response


def _media_type(path: PathLike) -> str:
    """The content type of a file by its name, as :class:`FileResponse` would send it."""
    return FileResponse(path).headers["content-type"]


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
        headers = {"content-security-policy": policy, "cache-control": "no-cache"}
        return HTMLResponse(text, 200 if known else 404, headers=headers)

    app.add_api_route("/{path:path}", page, methods=["GET"], include_in_schema=False, dependencies=[Depends(Public())])


def _is_page(path: str, pages: list[str]) -> bool:
    """``pages`` are routes such as ``/staff/:id``, in which a name with a colon stands for one part of the path."""
    return any(re.fullmatch(re.sub(r":\w+", "[^/]+", each) + "/?", path) for each in pages)

"""``/api/logo``: the organisation's own logo, printed on reports."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Header, Response, UploadFile

from tenant_stack.access.dependencies import AnyCaller, SettingsEditor, Transaction
from tenant_stack.access.scope import refuse_limited
from tenant_stack.logo import service
from tenant_stack.logo.image import render_logo
from tenant_stack.logo.render_process import MOST_BYTES
from tenant_stack.logo.schemas import LogoNow, LogoView

ImageFile = Annotated[UploadFile, File(description="PNG or JPEG, at most 1 MB and 4,000 × 4,000 pixels")]
Known = Annotated[str | None, Header(alias="If-None-Match")]
PNG_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {}}},
    304: {"description": "Still the one that is known"},
    404: {
        "description": "There is no logo",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
}


def logo_router() -> APIRouter:
    router = APIRouter(prefix="/api/logo", tags=["logo"])
    router.add_api_route("", read_logo, methods=["GET"], response_class=Response, responses=PNG_ANSWER)
    router.add_api_route("", set_logo, methods=["PUT"])
    router.add_api_route("", remove_logo, methods=["DELETE"], status_code=204)
    router.add_api_route("/facts", read_logo_facts, methods=["GET"])
    return router


async def read_logo(caller: AnyCaller, session: Transaction, known: Known = None) -> Response:
    """The picture as it is printed, a PNG; 404 ``no_logo`` when there is none."""
    tag = f'"{await service.read_digest(session)}"'
    # Cached, but revalidated each time: a new logo shows at once.
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if tag in {each.strip().removeprefix("W/") for each in (known or "").split(",")}:
        return Response(status_code=304, headers=headers)
    return Response(await service.read_picture(session), media_type="image/png", headers=headers)


async def read_logo_facts(caller: AnyCaller, session: Transaction) -> LogoNow:
    """Is there a logo, since when, and by whom."""
    return await service.read_now(session)


async def set_logo(file: ImageFile, caller: SettingsEditor, session: Transaction) -> LogoView:
    """Print this picture on reports; it is drawn anew within 720 × 240 pixels, without anything that is not seen."""
    refuse_limited(caller)
    rendered = await render_logo(await file.read(MOST_BYTES + 1))
    return await service.set_logo(session, caller.actor, rendered, file.filename or "")


async def remove_logo(caller: SettingsEditor, session: Transaction) -> None:
    """Print no logo."""
    refuse_limited(caller)
    await service.remove_logo(session, caller.actor)

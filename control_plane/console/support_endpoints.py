"""``/organisations/{slug}/support``: asking to look into an organisation, entering, ending."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from control_plane.console.organisation_endpoints import Session, parts_of
from control_plane.organisations import service as organisations
from control_plane.support import service
from control_plane.support.schemas import SupportIn, SupportLink, SupportList, SupportOut
from foundation.sign_in.principal import Principal, Requires

Reader = Annotated[Principal, Depends(Requires("organisations:read"))]
Supporter = Annotated[Principal, Depends(Requires("support:create"))]


def support_router() -> APIRouter:
    router = APIRouter(prefix="/organisations/{slug}/support", tags=["support"])
    router.add_api_route("", ask_for_support, methods=["POST"], status_code=201)
    router.add_api_route("", list_support, methods=["GET"])
    router.add_api_route("/{access_id}/link", link_support, methods=["POST"])
    router.add_api_route("/{access_id}/end", end_support, methods=["POST"])
    return router


async def ask_for_support(
    slug: str, wanted: SupportIn, request: Request, session: Session, caller: Supporter
) -> SupportOut:
    """Ask the organisation to let you in. It is told at once, and may want to approve first."""
    organisation = await organisations.find(session, slug)
    access = await service.ask(session, parts_of(request).ports, caller, organisation, wanted)
    return service.view(access, caller)


async def list_support(slug: str, request: Request, session: Session, caller: Reader) -> SupportList:
    """Support access to this organisation, newest first."""
    organisation = await organisations.find(session, slug)
    return SupportList(items=await service.list_of(session, parts_of(request).ports, caller, organisation))


async def link_support(
    slug: str, access_id: UUID, request: Request, session: Session, caller: Supporter
) -> SupportLink:
    """A link into the organisation's portal, good once and for a minute. 409 while the access is not open."""
    organisation = await organisations.find(session, slug)
    return await service.link(session, parts_of(request).ports, caller, organisation, access_id)


async def end_support(slug: str, access_id: UUID, request: Request, session: Session, caller: Supporter) -> SupportOut:
    """End an access now."""
    organisation = await organisations.find(session, slug)
    return await service.end(session, parts_of(request).ports, caller, organisation, access_id)

"""``/organisations/{slug}/audit``: is an organisation's audit trail what was once written?"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from control_plane.console.organisation_endpoints import Session, parts_of
from control_plane.operators import anchors
from control_plane.organisations import service
from control_plane.tables.base import AuditEntry
from foundation import audit
from foundation.contracts.control import AuditHead, AuditReport
from foundation.sign_in.principal import Principal, Requires

Reader = Annotated[Principal, Depends(Requires("audit:read"))]


def anchors_router() -> APIRouter:
    router = APIRouter(prefix="/organisations", tags=["audit"])
    router.add_api_route("/{slug}/audit/anchor", anchor_audit, methods=["POST"])
    router.add_api_route("/{slug}/audit/verify", verify_audit, methods=["POST"])
    return router


async def anchor_audit(slug: str, request: Request, session: Session, caller: Reader) -> AuditHead:
    """Remember the newest line of the organisation's chain now (it happens every minute by itself)."""
    parts = parts_of(request)
    organisation = await service.find(session, slug)
    head = await anchors.take_anchor(parts.database, parts.ports, organisation.id, slug)
    number = head.newest.number if head.newest else None
    audit.record(
        session,
        AuditEntry,
        caller.actor,
        "organisation.audit_anchor",
        "organisation",
        organisation.id,
        after={"number": number},
    )
    return head


async def verify_audit(slug: str, request: Request, session: Session, caller: Reader) -> AuditReport:
    """Check the organisation's chain line by line, and against what is remembered of it."""
    parts = parts_of(request)
    organisation = await service.find(session, slug)
    report = await anchors.verify(session, parts.ports, organisation)
    after: dict[str, object] = report.model_dump(mode="json", exclude_none=True)
    audit.record(
        session, AuditEntry, caller.actor, "organisation.audit_verify", "organisation", organisation.id, after=after
    )
    return report

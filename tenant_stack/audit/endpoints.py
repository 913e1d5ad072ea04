"""``/api/audit``: who changed what, on whose behalf, from where; and whether that is still what was written."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from foundation.contracts.control import AuditReport
from foundation.database import Database
from foundation.pagination import Page
from foundation.sign_in.principal import Principal, Requires
from tenant_stack.access.dependencies import Paging, Transaction
from tenant_stack.access.scope import refuse_limited
from tenant_stack.audit import service
from tenant_stack.audit.chain import ChainSigner
from tenant_stack.audit.schemas import AuditActions, AuditLine
from tenant_stack.audit.service import AuditFilter
from tenant_stack.audit.verification import verify_chain
from tenant_stack.tables.base import audited

Reader = Annotated[Principal, Depends(Requires("audit:read"))]
Exporter = Annotated[Principal, Depends(Requires("audit:export"))]
Word = Annotated[str | None, Query(max_length=100)]


def _audit_filter(
    action: Word = None,
    actor_id: Word = None,
    target_kind: Word = None,
    target_id: Word = None,
    since: Annotated[AwareDatetime | None, Query(description="With its offset")] = None,
    until: Annotated[AwareDatetime | None, Query(description="With its offset; not included")] = None,
    q: Word = None,
) -> AuditFilter:
    return AuditFilter(
        action=action,
        actor_id=actor_id,
        target_kind=target_kind,
        target_id=target_id,
        since=since,
        until=until,
        q=q,
    )


Filter = Annotated[AuditFilter, Depends(_audit_filter)]


def audit_router() -> APIRouter:
    router = APIRouter(prefix="/api/audit", tags=["audit"])
    router.add_api_route("", list_audit, methods=["GET"])
    router.add_api_route("/actions", list_audit_actions, methods=["GET"])
    router.add_api_route("/export", export_audit, methods=["GET"], response_class=StreamingResponse)
    router.add_api_route("/verify", verify_audit, methods=["POST"])
    return router


async def list_audit(caller: Reader, session: Transaction, page: Paging, criteria: Filter) -> Page[AuditLine]:
    """The audit trail, newest first. ``action`` is an action or what stands before its dot."""
    refuse_limited(caller)
    return await service.list_lines(session, page, criteria)


async def list_audit_actions(caller: Reader, session: Transaction) -> AuditActions:
    """The actions that occur, for a filter."""
    refuse_limited(caller)
    return AuditActions(items=await service.list_actions(session))


async def export_audit(caller: Exporter, session: Transaction, request: Request, criteria: Filter) -> StreamingResponse:
    """The same as CSV, oldest first; that somebody took it is a line of the trail too."""
    refuse_limited(caller)
    after = criteria.model_dump(mode="json", exclude_none=True)
    audited(session, caller.actor, "audit.export", "audit", "trail", after=after)
    database: Database = request.app.state.database
    headers = {"content-disposition": 'attachment; filename="audit.csv"', "cache-control": "no-store"}
    return StreamingResponse(
        service.export_csv(database, criteria), media_type="text/csv; charset=utf-8", headers=headers
    )


async def verify_audit(caller: Reader, session: Transaction, request: Request) -> AuditReport:
    """Check the whole chain; the platform's operator checks it against the control plane's anchors as well."""
    refuse_limited(caller)
    signer: ChainSigner = request.app.state.chain_signer
    return await verify_chain(session, signer)

"""``/internal/control``: the API of the control plane (contract: `foundation.contracts.control`)."""

from __future__ import annotations

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request, Response

from foundation.audit import SYSTEM
from foundation.contracts.control import (
    AuditAnchor,
    AuditAnchors,
    AuditHead,
    AuditReport,
    ClientCreated,
    ClientRequest,
    Health,
    Owner,
    SignInConnection,
)
from foundation.settings import product_version
from foundation.sign_in.principal import ServiceToken
from foundation.valkey import Valkey
from tenant_stack.access.clients import create_client
from tenant_stack.access.dependencies import SignIn, Transaction
from tenant_stack.access.service import ensure_owner, set_sign_in
from tenant_stack.access.support.requests import add_support_routes
from tenant_stack.audit.chain import ChainSigner, count_waiting, read_head
from tenant_stack.audit.verification import verify_chain


def control_router() -> APIRouter:
    router = APIRouter(prefix="/internal", tags=["internal"], dependencies=[Depends(ServiceToken("control_token"))])
    router.add_api_route("/health", read_internal_health, methods=["GET"])
    router.add_api_route("/control/sign-in", replace_sign_in, methods=["PUT"], status_code=204)
    router.add_api_route("/control/owner", put_owner, methods=["PUT"], status_code=204)
    router.add_api_route("/control/clients", create_oauth_client, methods=["POST"], status_code=201)
    router.add_api_route("/control/audit/head", read_audit_head, methods=["GET"])
    router.add_api_route("/control/audit/verify", verify_audit, methods=["POST"])
    add_support_routes(router)
    return router


async def read_internal_health(request: Request, session: Transaction) -> Health:
    """Checks database and session store; 503 when one does not answer."""
    head = await session.scalar(sa.text("SELECT version_num FROM alembic_version"))
    valkey: Valkey = request.app.state.valkey
    await valkey.get("health")
    return Health(status="ok", version=product_version(), schema_head=head)


async def replace_sign_in(connection: SignInConnection, sign_in: SignIn, session: Transaction) -> Response:
    """Replace the OpenID connection; the next sign-in uses it."""
    await set_sign_in(session, connection)
    sign_in.forget()
    return Response(status_code=204)


async def put_owner(owner: Owner, session: Transaction) -> Response:
    """Create the owner's account unless it exists."""
    await ensure_owner(session, owner)
    return Response(status_code=204)


async def create_oauth_client(wanted: ClientRequest, session: Transaction) -> ClientCreated:
    """Register an OAuth client; its secret is in this response only."""
    return await create_client(session, SYSTEM, wanted)


async def read_audit_head(session: Transaction) -> AuditHead:
    """The newest link of the audit chain, for the control plane to keep as an anchor."""
    link = await read_head(session)
    return AuditHead(
        newest=AuditAnchor(number=link.number, hash=link.hash.hex()) if link else None,
        sealed_at=link.sealed_at if link else None,
        waiting=await count_waiting(session),
    )


async def verify_audit(remembered: AuditAnchors, request: Request, session: Transaction) -> AuditReport:
    """Verify the audit chain against the control plane's anchors."""
    signer: ChainSigner = request.app.state.chain_signer
    return await verify_chain(session, signer, remembered.anchors)

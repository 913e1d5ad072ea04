"""``/internal/control/support``: the control plane requests access for an operator (`foundation.contracts.control`)."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request

from foundation.contracts.control import SupportExchange, SupportRequest, SupportState, SupportToken
from foundation.errors import Conflict
from tenant_stack.access.dependencies import Settings, Transaction
from tenant_stack.access.support import service
from tenant_stack.access.support.passes import Passes


def add_support_routes(router: APIRouter) -> None:
    """Adds the routes to the control plane's router, which requires its token."""
    router.add_api_route("/control/support", ask_for_support, methods=["PUT"])
    router.add_api_route("/control/support/{grant_id}", read_support, methods=["GET"])
    router.add_api_route("/control/support/{grant_id}/token", exchange_support, methods=["POST"])
    router.add_api_route("/control/support/{grant_id}/end", end_support, methods=["POST"])


async def ask_for_support(wanted: SupportRequest, session: Transaction, settings: Settings) -> SupportState:
    """Request access for an operator."""
    return await service.request_access(session, settings.organisation_name, wanted)


async def read_support(grant_id: UUID, session: Transaction) -> SupportState:
    """The state of the grant."""
    return await service.read_state(session, grant_id)


async def exchange_support(
    grant_id: UUID, wanted: SupportExchange, request: Request, session: Transaction
) -> SupportToken:
    """A pass for the operator of an open grant."""
    grant = await service.find_open(session, grant_id)
    if grant is None or grant.operator_id != wanted.operator_id:
        raise Conflict("support_not_open", "This access is not open")
    passes: Passes = request.app.state.support_passes
    return await passes.issue(grant)


async def end_support(grant_id: UUID, session: Transaction, settings: Settings) -> SupportState:
    """The operator returns the grant."""
    return await service.end_by_operator(session, settings.organisation_name, grant_id)

"""``/api/session``: who is signed in."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from foundation.errors import NotSignedIn
from tenant_stack.access.dependencies import AnyCaller, Settings, Transaction
from tenant_stack.access.schemas import OrganisationFacts, SessionView, SignedInUser
from tenant_stack.access.service import find_account


def access_router() -> APIRouter:
    router = APIRouter(prefix="/api", tags=["session"])
    router.add_api_route("/session", read_session, methods=["GET"])
    return router


async def read_session(caller: AnyCaller, session: Transaction, settings: Settings) -> SessionView:
    """The caller's name, roles and permissions."""
    organisation = OrganisationFacts(slug=settings.slug, name=settings.organisation_name, zone=settings.zone)
    permissions = sorted(caller.permissions)
    if caller.kind != "user":
        user = SignedInUser(id=caller.id, name=caller.label, email="")
        return SessionView(user=user, roles=[], permissions=permissions, organisation=organisation)
    account = await find_account(session, UUID(caller.id))
    if account is None:
        raise NotSignedIn("account_disabled", "This account is disabled")
    user = SignedInUser(id=str(account.id), name=account.name, email=account.email)
    return SessionView(
        user=user,
        roles=list(account.roles),
        permissions=permissions,
        organisation=organisation,
        break_glass=caller.means == "break_glass",
    )

"""``/api/support``: who of the platform's operators looks in, who asks to, and the end of it; ``/auth/support``."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from foundation.pagination import Page
from foundation.sign_in.principal import Public
from foundation.sign_in.sessions import set_cookie
from foundation.valkey import Valkey
from tenant_stack.access.dependencies import (
    AnyCaller,
    Paging,
    Settings,
    SettingsEditor,
    SettingsReader,
    SignIn,
    Transaction,
)
from tenant_stack.access.sign_in import client_address
from tenant_stack.access.support import operator_sessions, service
from tenant_stack.access.support.passes import Passes
from tenant_stack.access.support.schemas import SupportNow, SupportPolicyView, SupportView

DECIDES = "settings:update"


def support_router() -> APIRouter:
    router = APIRouter(tags=["support"])
    router.add_api_route("/auth/support", enter, methods=["GET"], dependencies=[Depends(Public())])
    router.add_api_route("/api/support", list_support, methods=["GET"])
    router.add_api_route("/api/support/now", read_support_now, methods=["GET"])
    router.add_api_route("/api/support/policy", read_support_policy, methods=["GET"])
    router.add_api_route("/api/support/policy", set_support_policy, methods=["PUT"])
    router.add_api_route("/api/support/{grant_id}/approve", approve_support, methods=["POST"])
    router.add_api_route("/api/support/{grant_id}/decline", decline_support, methods=["POST"])
    router.add_api_route("/api/support/{grant_id}/end", end_support, methods=["POST"])
    return router


async def enter(
    request: Request, session: Transaction, settings: Settings, sign_in: SignIn, token: str = ""
) -> Response:
    """An operator comes by their link: begins their session in place of any other of this browser."""
    passes: Passes = request.app.state.support_passes
    valkey: Valkey = request.app.state.valkey
    grant_id, operator = await passes.take(token[:4000])
    cookie = await operator_sessions.begin(
        session,
        valkey,
        settings.organisation_name,
        grant_id,
        operator,
        address=client_address(request),
        agent=request.headers.get("user-agent", ""),
    )
    before = await sign_in.sessions.read(request, keep_alive=False)
    if before is not None:
        await sign_in.sessions.end(before)
    response = RedirectResponse("/", status_code=302, headers={"referrer-policy": "no-referrer"})
    set_cookie(response, cookie)
    return response


async def list_support(caller: SettingsReader, session: Transaction, page: Paging) -> Page[SupportView]:
    """All support access that was ever asked for, newest first."""
    return await service.list_grants(session, page)


async def read_support_now(caller: AnyCaller, session: Transaction, request: Request, sign_in: SignIn) -> SupportNow:
    """Who looks in at this moment; everybody signed in is told."""
    own = None
    if caller.kind == "support":
        found = await sign_in.sessions.read(request, keep_alive=False)
        own = operator_sessions.grant_of(found) if found else None
    return await service.read_current(session, decides=caller.may(DECIDES), own=own)


async def read_support_policy(caller: SettingsReader, session: Transaction) -> SupportPolicyView:
    """Must an administrator approve each access?"""
    return await service.read_policy(session)


async def set_support_policy(
    wanted: SupportPolicyView, caller: SettingsEditor, session: Transaction
) -> SupportPolicyView:
    """Choose whether an administrator must approve."""
    return await service.set_policy(session, caller.actor, wanted)


async def approve_support(grant_id: UUID, caller: SettingsEditor, session: Transaction) -> SupportView:
    """Let the operator in; the minutes begin now."""
    return await service.decide(session, caller.actor, grant_id, approve=True)


async def decline_support(grant_id: UUID, caller: SettingsEditor, session: Transaction) -> SupportView:
    """Do not let the operator in."""
    return await service.decide(session, caller.actor, grant_id, approve=False)


async def end_support(grant_id: UUID, caller: SettingsEditor, session: Transaction) -> SupportView:
    """End an access now: its next request is refused, its open pages close within seconds."""
    return await service.end_by_person(session, caller.actor, grant_id)

"""``/api/settings/break-glass`` and ``POST /auth/break-glass``: the way in when the provider is away."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from foundation.sign_in.principal import Public
from foundation.sign_in.sessions import refuse_foreign_origin, set_cookie
from tenant_stack.access import break_glass
from tenant_stack.access.break_glass import SESSION_MEANS, SESSION_SECONDS, BreakGlassAuthenticator
from tenant_stack.access.break_glass_schemas import (
    BreakGlassCode,
    BreakGlassIn,
    BreakGlassSecrets,
    BreakGlassSignIn,
    BreakGlassView,
)
from tenant_stack.access.dependencies import RecentSettingsEditor, Settings, SettingsReader, SignIn, Transaction
from tenant_stack.access.sign_in import client_address

# A public route: it refuses a failed attempt as other routes refuse a caller who is not signed in.
REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "Name, password or code is wrong", "content": {"application/problem+json": {}}},
    403: {"description": "The request did not come from our own page", "content": {"application/problem+json": {}}},
}


def break_glass_router() -> APIRouter:
    router = APIRouter(tags=["break-glass"])
    path = "/api/settings/break-glass"
    router.add_api_route(path, read_break_glass, methods=["GET"])
    router.add_api_route(path, set_break_glass_up, methods=["POST"], status_code=201)
    router.add_api_route(path, remove_break_glass, methods=["DELETE"], status_code=204)
    router.add_api_route(f"{path}/confirm", confirm_break_glass, methods=["POST"])
    router.add_api_route(
        "/auth/break-glass",
        sign_in_by_break_glass,
        methods=["POST"],
        status_code=204,
        dependencies=[Depends(Public())],
        responses=REFUSALS,
    )
    return router


async def read_break_glass(caller: SettingsReader, session: Transaction) -> BreakGlassView:
    """Is there a break-glass account, and whose."""
    return await break_glass.read_break_glass(session)


async def set_break_glass_up(
    entered: BreakGlassIn,
    caller: RecentSettingsEditor,
    session: Transaction,
    settings: Settings,
    sign_in: SignIn,
    response: Response,
) -> BreakGlassSecrets:
    """Make it, or make it anew; what is in the answer is shown once. It must be confirmed by a code."""
    response.headers["cache-control"] = "no-store"
    return await break_glass.set_up(session, caller, entered, sign_in.seals, settings.public_url)


async def confirm_break_glass(
    entered: BreakGlassCode, caller: RecentSettingsEditor, session: Transaction, sign_in: SignIn
) -> BreakGlassView:
    """Show that the authenticator works."""
    await break_glass.confirm(session, caller, entered.code, sign_in.seals)
    return await break_glass.read_break_glass(session)


async def remove_break_glass(caller: RecentSettingsEditor, session: Transaction) -> Response:
    """Close this door."""
    await break_glass.remove(session, caller)
    return Response(status_code=204)


async def sign_in_by_break_glass(entered: BreakGlassSignIn, request: Request, sign_in: SignIn) -> Response:
    """Begin a session of at most an hour without the provider; it is audited, and raises an alert."""
    refuse_foreign_origin(request, sign_in.public_url)
    authenticator: BreakGlassAuthenticator = request.app.state.break_glass
    address = client_address(request)
    account_id = await authenticator.authenticate(
        entered.name, entered.password.get_secret_value(), entered.code, address
    )
    before = await sign_in.sessions.read(request, keep_alive=False)
    if before is not None:
        await sign_in.sessions.end(before)
    cookie = await sign_in.sessions.create(
        account_id,
        address=address,
        agent=request.headers.get("user-agent", ""),
        means=SESSION_MEANS,
        absolute=SESSION_SECONDS,
    )
    response = Response(status_code=204)
    set_cookie(response, cookie)
    return response

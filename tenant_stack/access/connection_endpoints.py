"""``/api/settings/sign-in``: the organisation's own sign-in provider."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request, Response

from foundation.addresses import loopback_allowed
from foundation.database import after_commit
from tenant_stack.access import connections
from tenant_stack.access.connection_schemas import ConnectionIn, SignInSettings, Switched, TestBegun
from tenant_stack.access.connection_test import ConnectionTester
from tenant_stack.access.dependencies import RecentSettingsEditor, Settings, SettingsReader, SignIn, Transaction
from tenant_stack.access.sign_in import TenantSignIn


def connection_router() -> APIRouter:
    router = APIRouter(prefix="/api/settings/sign-in", tags=["sign-in connection"])
    router.add_api_route("", read_sign_in, methods=["GET"])
    router.add_api_route("", save_sign_in, methods=["PUT"])
    router.add_api_route("/draft", discard_sign_in, methods=["DELETE"], status_code=204)
    router.add_api_route("/test", test_sign_in, methods=["POST"])
    router.add_api_route("/activate", activate_sign_in, methods=["POST"])
    router.add_api_route("/roll-back", roll_sign_in_back, methods=["POST"])
    return router


async def read_sign_in(caller: SettingsReader, session: Transaction, settings: Settings) -> SignInSettings:
    """The connection in use, the draft and the one before; never a secret."""
    return await connections.read_settings(session, settings.public_url)


async def save_sign_in(
    entered: ConnectionIn, caller: RecentSettingsEditor, session: Transaction, settings: Settings, sign_in: SignIn
) -> SignInSettings:
    """Replace the draft. What is in use stays until a tested draft is activated."""
    loopback = loopback_allowed(settings.networks)
    await connections.save_draft(session, caller, entered, sign_in.seals, loopback=loopback)
    return await connections.read_settings(session, settings.public_url)


async def discard_sign_in(caller: RecentSettingsEditor, session: Transaction) -> Response:
    """Forget the draft."""
    await connections.discard_draft(session, caller)
    return Response(status_code=204)


async def test_sign_in(caller: RecentSettingsEditor, request: Request, response: Response) -> TestBegun:
    """Begin a real sign-in at the draft's provider; the browser goes to ``url`` and comes back with the report."""
    tester: ConnectionTester = request.app.state.sign_in_trial
    started = await tester.begin(caller, response)
    return TestBegun(report=started.report, url=started.attempt.url if started.attempt else None)


async def activate_sign_in(
    caller: RecentSettingsEditor, session: Transaction, settings: Settings, sign_in: SignIn
) -> Switched:
    """Put the tested draft in use; whom its provider does not know yet is mailed a link."""
    invited = await connections.activate(session, caller, sign_in.seals)
    after_commit(session, partial(_forget, sign_in))
    return Switched(settings=await connections.read_settings(session, settings.public_url), invited=invited)


async def roll_sign_in_back(
    caller: RecentSettingsEditor, session: Transaction, settings: Settings, sign_in: SignIn
) -> SignInSettings:
    """Put the connection before in use again."""
    await connections.roll_back(session, caller)
    after_commit(session, partial(_forget, sign_in))
    return await connections.read_settings(session, settings.public_url)


async def _forget(sign_in: TenantSignIn) -> None:
    sign_in.forget()

"""Trying a drafted connection: layer by layer from here, then by a real sign-in in the administrator's browser.

The sign-in ends at the same callback as every other, since that address is part of what is tested. It begins no
session: it only writes what it found on the draft.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import httpx
from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from foundation.addresses import Refused, resolve
from foundation.audit import Actor
from foundation.clock import utc_now
from foundation.database import Database
from foundation.errors import Forbidden, Invalid, NotFound, NotSignedIn, Problem
from foundation.sign_in.openid import Attempt, Connection, Identity, Provider
from foundation.sign_in.principal import Principal
from foundation.sign_in.routes import bind_attempt
from tenant_stack.access.connection_schemas import Layer, LayerReport
from tenant_stack.access.connections import SECRET, judge, read_draft
from tenant_stack.access.provider_addresses import read_issuer
from tenant_stack.access.sign_in import TenantSignIn
from tenant_stack.tables.access import OwnConnection, User
from tenant_stack.tables.base import audited

ORDER: tuple[Layer, ...] = ("address", "discovery", "keys", "sign_in", "token", "domain", "groups", "account")
PAGE = "/settings/sign-in"
# Which layer a refusal of the last round trip belongs to; others are the round trip's own.
TOKEN_CODES = {"id_token_missing", "id_token_invalid", "id_token_foreign", "email_unverified"}


@dataclass(frozen=True)
class Begun:
    """``attempt`` is None when something failed before anybody could sign in."""

    report: list[LayerReport]
    attempt: Attempt | None


class Trial:
    """`app.state.sign_in_trial`: begins trials, and ends them at the callback."""

    def __init__(self, database: Database, sign_in: TenantSignIn, *, loopback: bool) -> None:
        self._database = database
        self._sign_in = sign_in
        self._loopback = loopback

    async def begin(self, caller: Principal, response: Response) -> Begun:
        """Look at what can be seen from here; when all is well, bind a sign-in there to the browser."""
        async with self._database.transaction() as session:
            draft = await read_draft(session)
            secret = await self._sign_in.seals.open(SECRET, draft.id, draft.sealed_secret)
            draft.report, draft.tested_at, draft.tested_subject = None, None, None
        async with self._sign_in.own_client() as http:
            provider = self._provider(draft, secret, http)
            report = await self._look(draft, provider)
            attempt = await provider.begin(again=True) if report[-1].state == "passed" else None
        await self._keep(draft.id, _complete(report))
        if attempt is not None:
            document = {"attempt": asdict(attempt), "trial": {"draft": str(draft.id), "user": caller.id}}
            await bind_attempt(response, self._sign_in.valkey, attempt, document)
        return Begun(_complete(report), attempt)

    async def __call__(
        self, request: Request, document: dict[str, Any], *, code: str, iss: str | None, error: str
    ) -> Response:
        """The browser is back from the draft's provider."""
        user_id, draft_id = UUID(document["trial"]["user"]), UUID(document["trial"]["draft"])
        session_now = await self._sign_in.sessions.read(request, keep_alive=False)
        if session_now is None or session_now.account_id != str(user_id):
            raise Forbidden(
                "trial_foreign", "Whoever began this test is no longer signed in here; sign in and test again"
            )
        async with self._database.transaction() as session:
            draft = await read_draft(session, draft_id)
            secret = await self._sign_in.seals.open(SECRET, draft.id, draft.sealed_secret)
        report = [_passed(each, "Looked at before the sign-in") for each in ORDER[:3]]
        if draft.report is not None:
            report = [LayerReport.model_validate(each) for each in draft.report][:3]
        identity: Identity | None = None
        try:
            if error or not code:
                raise NotSignedIn("provider_refused", _provider_said(error))
            async with self._sign_in.own_client() as http:
                provider = self._provider(draft, secret, http)
                identity = await provider.finish(Attempt(**document["attempt"]), code=code, issuer=iss)
            report += [
                _passed("sign_in", "The provider sent the browser back and exchanged the code"),
                _passed("token", "The ID token is the provider's, for us, and of this sign-in"),
            ]
        except Problem as problem:
            if problem.code in TOKEN_CODES:
                report.append(_passed("sign_in", "The provider sent the browser back and exchanged the code"))
                report.append(LayerReport(name="token", state="failed", detail=problem.detail))
            else:
                report.append(LayerReport(name="sign_in", state="failed", detail=problem.detail))
        address = request.client.host if request.client else ""
        await self._end(draft_id, user_id, report, identity, address)
        return RedirectResponse(PAGE, status_code=302)

    def _provider(self, draft: OwnConnection, secret: str, http: httpx.AsyncClient) -> Provider:
        connection = Connection(draft.issuer, draft.client_id, secret, draft.group_claim if draft.group_roles else "")
        return Provider(connection, f"{self._sign_in.public_url}/auth/callback", http)

    async def _look(self, draft: OwnConnection, provider: Provider) -> list[LayerReport]:
        try:
            address = await resolve(read_issuer(draft.issuer, loopback=self._loopback), loopback=self._loopback)
        except (Refused, Invalid) as refused:
            return [LayerReport(name="address", state="failed", detail=str(refused))]
        report = [_passed("address", f"{draft.issuer} is at {address}")]
        try:
            await provider.check_discovery()
            report.append(_passed("discovery", "The provider describes itself under this issuer"))
        except Problem as problem:
            return [*report, LayerReport(name="discovery", state="failed", detail=problem.detail)]
        try:
            keys = await provider.check_keys()
        except Problem as problem:
            return [*report, LayerReport(name="keys", state="failed", detail=problem.detail)]
        return [*report, _passed("keys", f"{keys} signing key{'s' if keys != 1 else ''}")]

    async def _keep(self, draft_id: UUID, report: list[LayerReport]) -> None:
        async with self._database.transaction() as session:
            draft = await read_draft(session, draft_id)
            draft.report = [each.model_dump() for each in report]

    async def _end(
        self, draft_id: UUID, user_id: UUID, report: list[LayerReport], identity: Identity | None, address: str
    ) -> None:
        async with self._database.transaction() as session:
            draft = await read_draft(session, draft_id)
            user = await session.get(User, user_id)
            if user is None or not user.active:
                raise NotFound("user_not_found", "There is no such user")
            if identity is not None:
                report = [*report, *await judge(session, draft, user, identity)]
            report = _complete(report)
            passed = all(each.state == "passed" for each in report)
            draft.report = [each.model_dump() for each in report]
            draft.tested_at = utc_now() if passed else None
            draft.tested_by = user_id
            draft.tested_subject = identity.subject[:200] if identity is not None and passed else None
            actor = Actor("user", str(user.id), user.name or user.email, address)
            failed = next((each for each in report if each.state == "failed"), None)
            after: dict[str, object] = {"passed": passed, "issuer": draft.issuer}
            if failed is not None:
                after |= {"failed": failed.name, "reason": failed.detail}
            audited(session, actor, "sign_in.test", "sign_in_connection", draft.id, after=after)


def _passed(name: Layer, detail: str) -> LayerReport:
    return LayerReport(name=name, state="passed", detail=detail)


def _complete(report: list[LayerReport]) -> list[LayerReport]:
    """With the layers that were not reached."""
    waiting = [LayerReport(name=each, state="waiting", detail="Not looked at yet") for each in ORDER[len(report) :]]
    return [*report, *waiting]


def _provider_said(error: str) -> str:
    """The error code is the provider's (RFC 6749 §4.1.2.1), so only its harmless letters are shown."""
    word = "".join(each for each in error if each.isalnum() or each == "_")[:40]
    return f"The provider signed nobody in ({word})" if word else "The provider sent the browser back without a code"

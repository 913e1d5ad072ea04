"""Tests a draft connection: layer by layer from here, then by a real sign-in in the administrator's browser.

The sign-in ends at the same callback as every other, because the redirect address is part of the test. It begins no
session; its result is stored in the draft.
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
from tenant_stack.access.connections import SECRET, check_tester, read_draft
from tenant_stack.access.provider_addresses import read_issuer
from tenant_stack.access.sign_in import TenantSignIn, client_address
from tenant_stack.tables.access import OwnConnection, User
from tenant_stack.tables.base import audited

ORDER: tuple[Layer, ...] = ("address", "discovery", "keys", "sign_in", "token", "domain", "groups", "account")
PAGE = "/settings/sign-in"
# Problems of the ID token; all others belong to the sign-in.
TOKEN_CODES = {"id_token_missing", "id_token_invalid", "id_token_foreign", "email_unverified"}


@dataclass(frozen=True)
class StartedTest:
    """``attempt`` is None when a layer failed before the sign-in."""

    report: list[LayerReport]
    attempt: Attempt | None


@dataclass(frozen=True)
class ConnectionTester:
    """`app.state.sign_in_trial`: starts tests, and finishes them at the callback."""

    database: Database
    sign_in: TenantSignIn
    loopback: bool

    async def begin(self, caller: Principal, response: Response) -> StartedTest:
        """Test what can be tested from here; when all layers pass, bind a sign-in to the browser."""
        async with self.database.transaction() as session:
            draft = await read_draft(session)
            secret = await self.sign_in.seals.open(SECRET, draft.id, draft.sealed_secret)
            draft.report, draft.tested_at, draft.tested_subject = None, None, None
        async with self.sign_in.own_client() as http:
            provider = self._provider(draft, secret, http)
            report = await self._check_layers(draft, provider)
            attempt = await provider.begin(again=True) if report[-1].state == "passed" else None
        await self._store_report(draft.id, _with_waiting(report))
        if attempt is not None:
            document = {"attempt": asdict(attempt), "trial": {"draft": str(draft.id), "user": caller.id}}
            await bind_attempt(response, self.sign_in.valkey, attempt, document)
        return StartedTest(_with_waiting(report), attempt)

    async def __call__(
        self, request: Request, document: dict[str, Any], *, code: str, iss: str | None, error: str
    ) -> Response:
        """Finish a test: the browser is back from the provider of the draft."""
        user_id, draft_id = UUID(document["trial"]["user"]), UUID(document["trial"]["draft"])
        session_now = await self.sign_in.sessions.read(request, keep_alive=False)
        if session_now is None or session_now.account_id != str(user_id):
            raise Forbidden(
                "trial_foreign", "Whoever began this test is no longer signed in here; sign in and test again"
            )
        async with self.database.transaction() as session:
            draft = await read_draft(session, draft_id)
            secret = await self.sign_in.seals.open(SECRET, draft.id, draft.sealed_secret)
        report = [_passed(each, "Looked at before the sign-in") for each in ORDER[:3]]
        if draft.report is not None:
            report = [LayerReport.model_validate(each) for each in draft.report][:3]
        identity: Identity | None = None
        try:
            if error or not code:
                raise NotSignedIn("provider_refused", _provider_error(error))
            async with self.sign_in.own_client() as http:
                provider = self._provider(draft, secret, http)
                identity = await provider.finish(Attempt(**document["attempt"]), code=code, issuer=iss)
            report += [EXCHANGED, _passed("token", "The ID token is the provider's, for us, and of this sign-in")]
        except Problem as problem:
            if problem.code in TOKEN_CODES:
                report += [EXCHANGED, _failed("token", problem.detail)]
            else:
                report.append(_failed("sign_in", problem.detail))
        await self._finish(draft_id, user_id, report, identity, client_address(request))
        return RedirectResponse(PAGE, status_code=302)

    def _provider(self, draft: OwnConnection, secret: str, http: httpx.AsyncClient) -> Provider:
        connection = Connection(draft.issuer, draft.client_id, secret, draft.group_claim if draft.group_roles else "")
        return Provider(connection, f"{self.sign_in.public_url}/auth/callback", http)

    async def _check_layers(self, draft: OwnConnection, provider: Provider) -> list[LayerReport]:
        try:
            address = await resolve(read_issuer(draft.issuer, loopback=self.loopback), loopback=self.loopback)
        except (Refused, Invalid) as refused:
            return [_failed("address", str(refused))]
        report = [_passed("address", f"{draft.issuer} is at {address}")]
        try:
            await provider.check_discovery()
            report.append(_passed("discovery", "The provider describes itself under this issuer"))
        except Problem as problem:
            return [*report, _failed("discovery", problem.detail)]
        try:
            keys = await provider.check_keys()
        except Problem as problem:
            return [*report, _failed("keys", problem.detail)]
        return [*report, _passed("keys", f"{keys} signing key{'s' if keys != 1 else ''}")]

    async def _store_report(self, draft_id: UUID, report: list[LayerReport]) -> None:
        async with self.database.transaction() as session:
            draft = await read_draft(session, draft_id)
            draft.report = [each.model_dump() for each in report]

    async def _finish(
        self, draft_id: UUID, user_id: UUID, report: list[LayerReport], identity: Identity | None, address: str
    ) -> None:
        async with self.database.transaction() as session:
            draft = await read_draft(session, draft_id)
            user = await session.get(User, user_id)
            if user is None or not user.active:
                raise NotFound("user_not_found", "There is no such user")
            if identity is not None:
                report = [*report, *await check_tester(session, draft, user, identity)]
            report = _with_waiting(report)
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


def _failed(name: Layer, detail: str) -> LayerReport:
    return LayerReport(name=name, state="failed", detail=detail)


EXCHANGED = _passed("sign_in", "The provider sent the browser back and exchanged the code")


def _with_waiting(report: list[LayerReport]) -> list[LayerReport]:
    """The report, completed by the layers that were not reached."""
    waiting = [LayerReport(name=each, state="waiting", detail="Not looked at yet") for each in ORDER[len(report) :]]
    return [*report, *waiting]


def _provider_error(error: str) -> str:
    """The error code is the provider's (RFC 6749 §4.1.2.1), so only its harmless letters are shown."""
    word = "".join(each for each in error if each.isalnum() or each == "_")[:40]
    return f"The provider signed nobody in ({word})" if word else "The provider sent the browser back without a code"

"""The console's API about organisations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.console import organisation_events as events
from control_plane.console.composition import Parts
from control_plane.organisations import service
from control_plane.organisations.naming import Names
from control_plane.organisations.schemas import (
    AccountIn,
    AccountOut,
    ClientIn,
    ClientOut,
    OrganisationIn,
    OrganisationOut,
    SignInOut,
    describe,
)
from control_plane.provisioning.credentials import (
    find_initial_password,
    forget_initial_password,
    initial_password_of,
)
from control_plane.provisioning.stack_client import ask_stack, content_of
from control_plane.provisioning.steps import STEP_NAMES
from control_plane.tables.base import AuditEntry
from control_plane.tables.organisations import Organisation
from control_plane.worker import RECONCILE_JOB
from foundation import audit
from foundation.clock import utc_now
from foundation.contracts.control import ClientCreated, ClientRequest
from foundation.database import after_commit
from foundation.errors import Invalid
from foundation.pagination import Page, PageRequest, page_request
from foundation.sign_in.principal import Authenticate, Principal, Requires

READ = Depends(Requires("organisations:read"))


def parts_of(request: Request) -> Parts:
    return cast(Parts, request.app.state.parts)


async def transaction(request: Request) -> AsyncIterator[AsyncSession]:
    """One transaction a request; it commits before the answer is sent."""
    async with parts_of(request).database.transaction() as session:
        yield session


Session = Annotated[AsyncSession, Depends(transaction, scope="function")]


def organisations_router() -> APIRouter:
    router = APIRouter(prefix="/organisations", tags=["organisations"])
    router.add_api_route("", create, methods=["POST"], status_code=202)
    router.add_api_route("", list_organisations, methods=["GET"], dependencies=[READ])
    router.add_api_route(
        "/events", organisation_events, methods=["GET"], dependencies=[READ], response_class=StreamingResponse
    )
    router.add_api_route("/{slug}", show, methods=["GET"], dependencies=[READ])
    router.add_api_route("/{slug}/retry", retry, methods=["POST"], status_code=202)
    router.add_api_route("/{slug}/clients", create_client, methods=["POST"], status_code=201)
    router.add_api_route("/{slug}/sign-in", sign_in, methods=["GET"])
    router.add_api_route("/{slug}/accounts", create_account, methods=["POST"], status_code=201)
    return router


def _out(parts: Parts, organisation: Organisation) -> OrganisationOut:
    return describe(organisation, STEP_NAMES, parts.settings.base_domain, parts.ports.release, utc_now())


def _hint(parts: Parts, session: AsyncSession, organisation: Organisation) -> None:
    """Tell event streams and the worker after the commit. A lost hint only delays them: the row is due by itself."""
    organisation_id = organisation.id

    async def send() -> None:
        await parts.notify(organisation_id)
        await parts.jobs.send(RECONCILE_JOB, organisation_id=str(organisation_id))

    after_commit(session, send)


async def create(
    request: Request,
    wanted: OrganisationIn,
    session: Session,
    caller: Annotated[Principal, Depends(Requires("organisations:create"))],
) -> OrganisationOut:
    """Ask for a new organisation; it is provisioned in the background. Watch `phase` until it is `active`."""
    parts = parts_of(request)
    organisation = await service.create(session, caller.actor, wanted)
    _hint(parts, session, organisation)
    return _out(parts, organisation)


async def list_organisations(
    request: Request,
    session: Session,
    page: Annotated[PageRequest, Depends(page_request)],
    q: Annotated[str, Query(max_length=200, description="Part of the slug, name or owner's address")] = "",
) -> Page[OrganisationOut]:
    """Organisations by slug."""
    found, cursor, total = await service.list_page(session, page, search=q)
    parts = parts_of(request)
    return Page(items=[_out(parts, each) for each in found], next_cursor=cursor, total=total)


async def show(request: Request, slug: str, session: Session) -> OrganisationOut:
    """One organisation, with what was seen of each step."""
    return _out(parts_of(request), await service.find(session, slug))


async def retry(
    request: Request,
    slug: str,
    session: Session,
    caller: Annotated[Principal, Depends(Requires("organisations:update"))],
) -> OrganisationOut:
    """Look at an organisation now instead of when its next round is due."""
    parts = parts_of(request)
    organisation = await service.retry(session, caller.actor, slug)
    _hint(parts, session, organisation)
    return _out(parts, organisation)


async def create_client(
    request: Request,
    slug: str,
    wanted: ClientIn,
    caller: Annotated[Principal, Depends(Requires("clients:create"))],
) -> ClientOut:
    """A client for machines at the organisation's own token endpoint."""
    parts = parts_of(request)
    async with parts.database.transaction() as session:
        organisation = await service.find(session, slug)
    names = Names(organisation.slug, parts.settings.base_domain)
    created = await _ask_for_client(parts, slug, ClientRequest(name=wanted.name, scopes=wanted.scopes))
    async with parts.database.transaction() as session:
        after: dict[str, object] = {"client_id": created.client_id, "name": wanted.name, "scopes": created.scopes}
        audit.record(
            session, AuditEntry, caller.actor, "organisation.client", "organisation", organisation.id, after=after
        )
    return ClientOut(
        client_id=created.client_id,
        client_secret=created.client_secret,
        scopes=created.scopes,
        token_url=f"{names.public_url}/oauth/token",
        api_url=names.public_url,
        push_url=names.push_url,
    )


async def _ask_for_client(parts: Parts, slug: str, wanted: ClientRequest) -> ClientCreated:
    answer = await ask_stack(parts.ports, slug, "POST", "clients", wanted)
    if answer.status_code == 422:
        problem: dict[str, Any] = answer.json()
        raise Invalid(
            str(problem.get("code", "invalid_input")),
            str(problem.get("detail", "The back end refused the client")),
            field=problem.get("field"),
        )
    return ClientCreated.model_validate_json(content_of(answer))


async def sign_in(
    request: Request,
    slug: str,
    session: Session,
    caller: Annotated[Principal, Depends(Requires("credentials:read"))],
) -> SignInOut:
    """How the owner signs in at the platform's own provider; that somebody looked is put on record."""
    parts = parts_of(request)
    organisation = await service.find(session, slug)
    password = await find_initial_password(parts.ports.vault, organisation.owner_email)
    audit.record(session, AuditEntry, caller.actor, "organisation.sign_in_read", "organisation", organisation.id)
    return SignInOut(
        portal_url=Names(slug, parts.settings.base_domain).public_url,
        user_name=organisation.owner_email,
        initial_password=password,
        issuer=parts.ports.identities.issuer,
    )


async def create_account(
    request: Request,
    slug: str,
    wanted: AccountIn,
    caller: Annotated[Principal, Depends(Requires("credentials:read"))],
) -> AccountOut:
    """An account at the platform's own provider, for somebody whom an organisation invited.

    It opens nothing by itself: only who follows the invitation's link, too, becomes a user there.
    """
    parts = parts_of(request)
    async with parts.database.transaction() as session:
        organisation = await service.find(session, slug)
    vault, email = parts.ports.vault, wanted.email.lower()
    initial, chosen_now = await initial_password_of(vault, email)
    account, made = await parts.ports.identities.ensure_account(
        email, wanted.name or email.partition("@")[0], initial_password=initial.password
    )
    if chosen_now and not made:
        await forget_initial_password(vault, email)
    password = initial.password if made else None
    async with parts.database.transaction() as session:
        after: dict[str, object] = {"email": email, "made": made}
        audit.record(
            session, AuditEntry, caller.actor, "organisation.account", "organisation", organisation.id, after=after
        )
    return AccountOut(user_name=account.email, initial_password=password, issuer=parts.ports.identities.issuer)


async def organisation_events(request: Request) -> StreamingResponse:
    """Server-sent events: every organisation at first, then each one that changes."""
    parts = parts_of(request)
    authenticate: Authenticate = request.app.state.authenticate

    async def still_allowed() -> bool:
        return (await authenticate(request)).may("organisations:read")

    stream = events.stream(parts.database, parts.valkey, lambda each: _out(parts, each), still_allowed, parts.stopping)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

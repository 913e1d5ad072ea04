"""Parameters of routes: a transaction, a page, services, the caller with a permission. Names for `Annotated`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from foundation.database import Database
from foundation.errors import Invalid
from foundation.pagination import PageRequest, page_request
from foundation.sign_in.principal import Principal, RecentLogin, Requires, SignedIn
from tenant_stack.access.idempotency import acquire_key
from tenant_stack.access.scope import limit_queries
from tenant_stack.access.sign_in import TenantSignIn
from tenant_stack.settings import TenantSettings
from tenant_stack.worker_hints import Hints


async def _transaction(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    database: Database = connection.app.state.database
    async with database.transaction() as session:
        limit_queries(session, lambda: getattr(connection.state, "principal", None))
        await acquire_key(session, connection)
        yield session


def _settings(connection: HTTPConnection) -> TenantSettings:
    settings: TenantSettings = connection.app.state.settings
    return settings


def _hints(connection: HTTPConnection) -> Hints:
    hints: Hints = connection.app.state.hints
    return hints


def _sign_in(connection: HTTPConnection) -> TenantSignIn:
    sign_in: TenantSignIn = connection.app.state.sign_in
    return sign_in


def _query_names(dependant: Dependant) -> Iterator[str]:
    for parameter in dependant.query_params:
        yield parameter.alias
    for other in dependant.dependencies:
        yield from _query_names(other)


async def refuse_unknown_parameters(request: Request) -> None:
    """For lists that pay depends on: a misspelt filter must not silently select everything."""
    known = set(_query_names(request.scope["route"].dependant))
    for name in request.query_params:
        if name not in known:
            text = f"There is no parameter {name[:40]!r} here; there are {', '.join(sorted(known))}"
            raise Invalid("unknown_parameter", text, field=name[:40])


STRICT = [Depends(refuse_unknown_parameters)]
# "function": committed before the response is sent, so that no change is reported that then fails to commit.
Transaction = Annotated[AsyncSession, Depends(_transaction, scope="function")]
Settings = Annotated[TenantSettings, Depends(_settings)]
Worker = Annotated[Hints, Depends(_hints)]
SignIn = Annotated[TenantSignIn, Depends(_sign_in)]
Paging = Annotated[PageRequest, Depends(page_request)]

AnyCaller = Annotated[Principal, Depends(SignedIn())]
StaffCreator = Annotated[Principal, Depends(Requires("staff:create"))]
StaffReader = Annotated[Principal, Depends(Requires("staff:read"))]
StaffEditor = Annotated[Principal, Depends(Requires("staff:update"))]
StaffRemover = Annotated[Principal, Depends(Requires("staff:delete"))]
StaffEnroller = Annotated[Principal, Depends(Requires("staff:sync"))]
DeviceCreator = Annotated[Principal, Depends(Requires("devices:create"))]
DeviceReader = Annotated[Principal, Depends(Requires("devices:read"))]
DeviceEditor = Annotated[Principal, Depends(Requires("devices:update"))]
DeviceRemover = Annotated[Principal, Depends(Requires("devices:delete"))]
DeviceApprover = Annotated[Principal, Depends(Requires("devices:approve"))]
DeviceSyncer = Annotated[Principal, Depends(Requires("devices:sync"))]
AttendanceReader = Annotated[Principal, Depends(Requires("attendance:read"))]
AttendanceEditor = Annotated[Principal, Depends(Requires("attendance:update"))]
AttendanceApprover = Annotated[Principal, Depends(Requires("attendance:approve"))]
SettingsReader = Annotated[Principal, Depends(Requires("settings:read"))]
SettingsEditor = Annotated[Principal, Depends(Requires("settings:update"))]
RecentSettingsEditor = Annotated[Principal, Depends(RecentLogin("settings:update"))]

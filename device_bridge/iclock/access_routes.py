"""The paths that only access-control units call (Security PUSH 3.x), under ``/iclock``."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from device_bridge.errors import BackendRefused
from device_bridge.iclock import access_renderer, commands
from device_bridge.iclock.access_parser import table_count
from device_bridge.iclock.body import text_of
from device_bridge.iclock.parser import Outcome, parse_options, query_value
from device_bridge.iclock.request_context import (
    Refusal,
    address_of,
    backend_of,
    contact,
    error_delay,
    plain,
    serial_of,
    units_of,
)
from device_bridge.iclock.uploads import Upload, take
from device_bridge.quirks import Family
from device_bridge.settings import BridgeSettings
from foundation.clock import utc_now
from foundation.contracts.bridge import ContactKind, DeviceDecision

router = APIRouter(default_response_class=PlainTextResponse, tags=["push clocks"])


def _configuration(request: Request, decision: DeviceDecision) -> access_renderer.Configuration:
    return access_renderer.Configuration(
        session=secrets.token_hex(16).upper(),
        poll_seconds=decision.poll_seconds,
        error_delay_seconds=error_delay(request, decision.serial),
    )


def _registry_code(request: Request, serial: str) -> str:
    settings: BridgeSettings = request.app.state.settings
    return access_renderer.registry_code(settings.bridge_token.get_secret_value().encode(), serial)


def access_handshake(request: Request, decision: DeviceDecision) -> str:
    """``options=all`` of an access unit: plain OK makes it register, which it does once after each of our starts."""
    if not units_of(request).families.registered(decision.serial):
        return "OK\n"
    return access_renderer.known_handshake(_registry_code(request, decision.serial), _configuration(request, decision))


@router.post("/registry", response_model=None)
@plain
async def access_registry(request: Request) -> str:
    """The unit introduces itself. A stranger is refused with 406 as the protocol has it for this path alone: the unit
    then stays unregistered and asks again; 403, which means the same elsewhere, it isn't known to understand here."""
    serial = serial_of(request)
    said = parse_options(text_of(await request.body()))
    try:
        await contact(request, ContactKind.HANDSHAKE, said | {"devicetype": Family.ACCESS.value})
    except BackendRefused as error:
        raise Refusal(406, f"{error.code}: {error.detail}") from error
    units_of(request).families.register(serial)
    return f"RegistryCode={_registry_code(request, serial)}\n"


@router.get("/push", response_model=None, include_in_schema=False)
@router.post("/push", response_model=None)
@plain
async def access_configuration(request: Request) -> str:
    """After registration the unit asks for its configuration."""
    decision = await contact(request, ContactKind.HANDSHAKE, {})
    units_of(request).families.state(decision.serial, Family.ACCESS)
    return access_renderer.configuration(_configuration(request, decision))


@router.get("/rtdata", response_model=None)
@plain
async def access_time(request: Request) -> str:
    """The unit asks for the time."""
    decision = await contact(request, ContactKind.POLL, {})
    if query_value(request.query_params, "type").lower() != "time":
        return "OK\n"
    return access_renderer.server_time(utc_now(), decision.utc_offset_minutes)


@router.post("/querydata", response_model=None)
@plain
async def access_answer(request: Request) -> str:
    """One page of the answer to a query. The last page is also the query's result: many units send no other."""
    serial, query = serial_of(request), request.query_params
    kind, table_name = query_value(query, "type").lower(), query_value(query, "tablename")[:32]
    body = await request.body()
    text = text_of(body)
    if kind == "tabledata":
        upload = Upload.of(request, "TABLEDATA", body)
        answer = await take(backend_of(request), units_of(request).capabilities, upload)
    else:
        await contact(request, ContactKind.UPLOAD, parse_options(text) if kind == "options" else {})
        counted = kind == "count" and table_name.isalnum()
        answer = f"{table_name}={table_count(text, table_name)}\n" if counted else "OK\n"
    units_of(request).families.suppose(serial, Family.ACCESS)
    identifier = query_value(query, "cmdid")
    if identifier.isalnum() and query_value(query, "packidx") == query_value(query, "packcnt"):
        counted_rows = table_count(text, table_name) if kind == "count" and table_name == "transaction" else None
        outcome = Outcome(identifier[:64], 0, f"answered: {kind} {table_name}".strip(), counted_rows)
        visit = commands.Visit(serial, address_of(request), utc_now(), Family.ACCESS)
        await commands.report(backend_of(request), units_of(request), visit, [outcome])
    return answer

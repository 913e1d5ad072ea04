"""The paths that push clocks call, under ``/iclock``. Answers are plain text, as clocks expect.

A clock's serial number in the query is all the identity this protocol has: the back end decides what it is worth.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from device_bridge.iclock import access_routes, commands, renderer
from device_bridge.iclock.body import text_of
from device_bridge.iclock.families import family_of
from device_bridge.iclock.parser import parse_info, parse_outcomes, query_value
from device_bridge.iclock.request_context import (
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
from foundation.clock import utc_now
from foundation.contracts.bridge import ContactKind

LARGEST_UPLOAD = 1_000_000
"""What clocks are told to send at most, in bytes; the edge accepts five times that, for those who don't listen."""

router = APIRouter(prefix="/iclock", default_response_class=PlainTextResponse, tags=["push clocks"])

_TOLD_AT_HANDSHAKE = frozenset(("pushver", "language", "devicetype", "pushoptionsflag"))


class PathVariants:
    """Firmware asks for ``/iclock/cdata``, ``/iclock/cdata/``, ``/iclock/cdata.aspx``: one path for all of them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        if scope["type"] == "http" and path.lower().startswith("/iclock/"):
            plain = path.lower().rstrip("/").removesuffix(".aspx")
            if plain != "/iclock":
                scope = {**scope, "path": plain, "raw_path": plain.encode("utf-8")}
        await self.app(scope, receive, send)


@router.get("/cdata", response_model=None)
@plain
async def push_handshake(request: Request) -> str:
    """Power-on: the clock asks for its options. Other questions (a roaming user's record) are answered ``OK``: none."""
    said = {name.lower(): value[:256] for name, value in request.query_params.items()}
    if not query_value(request.query_params, "options"):
        await contact(request, ContactKind.POLL, {})
        return "OK\n"
    info = {name: value for name, value in said.items() if name in _TOLD_AT_HANDSHAKE}
    decision = await contact(request, ContactKind.HANDSHAKE, info)
    units = units_of(request)
    families = units.families
    if (family := family_of(info)) is not None:
        families.state(decision.serial, family)
    if families.of(decision.serial) is Family.ACCESS:
        return access_routes.access_handshake(request, decision)
    units.zones.tell(decision.serial, decision.utc_offset_minutes)
    return renderer.handshake(
        renderer.Handshake(
            serial=decision.serial,
            utc_offset_minutes=decision.utc_offset_minutes,
            poll_seconds=decision.poll_seconds,
            error_delay_seconds=error_delay(request, decision.serial),
            largest_upload=LARGEST_UPLOAD,
            legacy="pushver" not in said,
        )
    )


@router.post("/cdata", response_model=None)
@plain
async def push_upload(request: Request) -> str:
    """An upload of one table; see `device_bridge.iclock.uploads` for what is acknowledged."""
    table = query_value(request.query_params, "table") or query_value(request.query_params, "type")
    upload = Upload.of(request, table.upper()[:32], await request.body())
    units = units_of(request)
    answer = await take(backend_of(request), units.capabilities, upload)
    if (family := family_of({"table": upload.table})) is not None:
        units.families.suppose(upload.serial, family)
    return answer


@router.post("/fdata", response_model=None)
@plain
async def push_picture(request: Request) -> str:
    """Where some firmware sends pictures instead of the table ATTPHOTO."""
    upload = Upload.of(request, "ATTPHOTO", await request.body())
    return await take(backend_of(request), units_of(request).capabilities, upload)


@router.get("/getrequest", response_model=None)
@plain
async def push_poll(request: Request) -> str:
    """The clock asks for commands; its first poll tells how full it is."""
    serial, units = serial_of(request), units_of(request)
    info = parse_info(query_value(request.query_params, "INFO"))
    if units.zones.unsure(serial):
        # The lease does not say the zone's offset, which changes with summer time; a contact does, now and then.
        await contact(request, ContactKind.POLL, {})
    return await commands.lines_for(backend_of(request), units, visit_of(request), info)


@router.post("/devicecmd", response_model=None)
@plain
async def push_results(request: Request) -> str:
    """The clock's answers to commands."""
    visit = visit_of(request)
    outcomes = parse_outcomes(text_of(await request.body()))
    await commands.report(backend_of(request), units_of(request), visit, outcomes)
    return "OK\n"


def visit_of(request: Request) -> commands.Visit:
    """Who is at the door. Only protocol 3 has cookies: after our restart that may be the first thing that tells it."""
    serial = serial_of(request)
    family = Family.ACCESS if "token" in request.cookies else units_of(request).families.of(serial)
    return commands.Visit(serial, address_of(request), utc_now(), family)


@router.get("/ping", response_model=None)
@plain
async def push_ping(request: Request) -> str:
    """A sign of life during a long upload."""
    await contact(request, ContactKind.POLL, {})
    return "OK\n"


router.include_router(access_routes.router)


@router.api_route(
    "/{rest:path}",
    methods=["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"],
    include_in_schema=False,
    response_model=None,
)
async def push_unknown(rest: str) -> PlainTextResponse:
    """Everything else, firmware and file downloads among it, does not exist here."""
    return PlainTextResponse("Not found\n", status_code=404)

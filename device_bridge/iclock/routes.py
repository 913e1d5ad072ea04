"""The paths that push clocks call, under ``/iclock``. Answers are plain text, as clocks expect.

A clock's serial number in the query is all the identity this protocol has: the back end decides what it is worth.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from device_bridge.backend import Backend
from device_bridge.errors import BackendRefused, BackendUnavailable
from device_bridge.iclock import commands, render
from device_bridge.iclock.body import UnreadableBody, text_of
from device_bridge.iclock.parse import parse_info, parse_outcomes, query_value
from device_bridge.iclock.uploads import Upload, take
from device_bridge.settings import BridgeSettings
from foundation.clock import utc_now
from foundation.contracts.bridge import Contact, ContactKind, DeviceDecision
from foundation.logs import get_logger

LARGEST_UPLOAD = 1_000_000
"""What clocks are told to send at most, in bytes; the edge accepts five times that, for those who don't listen."""

router = APIRouter(prefix="/iclock", default_response_class=PlainTextResponse, tags=["push clocks"])

_SERIAL = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_TOLD_AT_HANDSHAKE = frozenset(("pushver", "language", "devicetype", "pushoptionsflag"))
Parameters = ParamSpec("Parameters")


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


class _Refusal(Exception):
    """An answer other than 200, in one sentence."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def _plain(
    handler: Callable[Parameters, Awaitable[str]],
) -> Callable[Parameters, Awaitable[PlainTextResponse]]:
    """Failures as a clock understands them: by status alone. 403 and 503 both make it keep its log."""

    @wraps(handler)
    async def answered(*args: Parameters.args, **kwargs: Parameters.kwargs) -> PlainTextResponse:
        try:
            return PlainTextResponse(await handler(*args, **kwargs))
        except _Refusal as error:
            return PlainTextResponse(f"{error}\n", status_code=error.status)
        except BackendRefused as error:
            return PlainTextResponse(f"{error.code}: {error.detail}\n", status_code=403)
        except (BackendUnavailable, UnreadableBody) as error:
            get_logger().warning("iclock.not_taken", reason=str(error))
            return PlainTextResponse(
                "Not taken: keep the data and send it again\n", status_code=503, headers={"retry-after": "30"}
            )

    return answered


def _serial(request: Request) -> str:
    serial = query_value(request.query_params, "SN")
    if not _SERIAL.fullmatch(serial):
        raise _Refusal(400, "The serial number SN is missing or unreadable")
    return serial


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _backend(request: Request) -> Backend:
    backend: Backend = request.app.state.backend
    return backend


async def _contact(request: Request, kind: ContactKind, info: dict[str, str]) -> DeviceDecision:
    contact = Contact(serial=_serial(request), kind=kind, source_address=_address(request), at=utc_now(), info=info)
    return await _backend(request).contact(contact)


@router.get("/cdata", response_model=None)
@_plain
async def push_handshake(request: Request) -> str:
    """Power-on: the clock asks for its options. Other questions (a roaming user's record) are answered ``OK``: none."""
    said = {name.lower(): value[:256] for name, value in request.query_params.items()}
    if not query_value(request.query_params, "options"):
        await _contact(request, ContactKind.POLL, {})
        return "OK\n"
    info = {name: value for name, value in said.items() if name in _TOLD_AT_HANDSHAKE}
    decision = await _contact(request, ContactKind.HANDSHAKE, info)
    if said.get("devicetype", "").lower() == "acc":
        # Access-control units speak protocol 3: plain OK means "not registered", and they keep their log.
        return "OK\n"
    settings: BridgeSettings = request.app.state.settings
    # Clocks that all lost us at once must not all come back at once: each waits its own time.
    delay = settings.error_delay + zlib.crc32(decision.serial.encode()) % max(1, settings.error_delay // 2)
    return render.handshake(
        render.Handshake(
            serial=_serial(request),
            utc_offset_minutes=decision.utc_offset_minutes,
            poll_seconds=decision.poll_seconds,
            error_delay_seconds=delay,
            largest_upload=LARGEST_UPLOAD,
            legacy="pushver" not in said,
        )
    )


@router.post("/cdata", response_model=None)
@_plain
async def push_upload(request: Request) -> str:
    """An upload of one table; see `device_bridge.iclock.uploads` for what is acknowledged."""
    serial = _serial(request)
    upload = Upload(
        serial=serial,
        table=(query_value(request.query_params, "table") or query_value(request.query_params, "type")).upper()[:32],
        table_name=query_value(request.query_params, "tablename")[:32],
        body=await request.body(),
        source_address=_address(request),
        received_at=utc_now(),
    )
    return await take(_backend(request), upload)


@router.get("/getrequest", response_model=None)
@_plain
async def push_poll(request: Request) -> str:
    """The clock asks for commands; its first poll tells how full it is."""
    info = parse_info(query_value(request.query_params, "INFO"))
    return await commands.lines_for(_backend(request), _serial(request), _address(request), utc_now(), info)


@router.post("/devicecmd", response_model=None)
@_plain
async def push_results(request: Request) -> str:
    """The clock's answers to commands."""
    serial = _serial(request)
    outcomes = parse_outcomes(text_of(await request.body()))
    if outcomes:
        await commands.report(_backend(request), serial, _address(request), utc_now(), outcomes)
    else:
        await _contact(request, ContactKind.COMMAND, {})
    return "OK\n"


@router.get("/ping", response_model=None)
@_plain
async def push_ping(request: Request) -> str:
    """A sign of life during a long upload."""
    await _contact(request, ContactKind.POLL, {})
    return "OK\n"


@router.api_route(
    "/{rest:path}",
    methods=["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"],
    include_in_schema=False,
    response_model=None,
)
async def push_unknown(rest: str) -> PlainTextResponse:
    """Everything else, firmware and file downloads among it, does not exist here."""
    return PlainTextResponse("Not found\n", status_code=404)

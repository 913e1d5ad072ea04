"""What every path of a push clock has in common: who asks, from where, and how failures are said to a clock."""

from __future__ import annotations

import re
import zlib
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec

from fastapi import Request
from fastapi.responses import PlainTextResponse
from starlette.requests import ClientDisconnect

from device_bridge.backend import Backend
from device_bridge.errors import BackendRefused, BackendUnavailable
from device_bridge.iclock.body import UnreadableBody
from device_bridge.iclock.parser import query_value
from device_bridge.iclock.units import Units
from device_bridge.quirks import Family
from device_bridge.settings import BridgeSettings
from foundation.clock import utc_now
from foundation.contracts.bridge import Contact, ContactKind, DeviceDecision
from foundation.logs import get_logger

_SERIAL = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
Parameters = ParamSpec("Parameters")


class Refusal(Exception):
    """An answer other than 200, in one sentence."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def plain(
    handler: Callable[Parameters, Awaitable[str]],
) -> Callable[Parameters, Awaitable[PlainTextResponse]]:
    """Failures as a clock understands them: by status alone. Whatever is not 200 makes it keep its log."""

    @wraps(handler)
    async def answered(*args: Parameters.args, **kwargs: Parameters.kwargs) -> PlainTextResponse:
        try:
            return PlainTextResponse(await handler(*args, **kwargs))
        except Refusal as error:
            return PlainTextResponse(f"{error}\n", status_code=error.status)
        except BackendRefused as error:
            return PlainTextResponse(f"{error.code}: {error.detail}\n", status_code=403)
        except ClientDisconnect:
            # The line broke in the middle of an upload: nobody hears this answer, and the clock sends it all again.
            get_logger().info("iclock.cut_off")
            return PlainTextResponse("Cut off\n", status_code=400)
        except UnreadableBody as error:
            # Not our failure, and not acknowledged: what is inside exists nowhere else than on the clock.
            get_logger().warning("iclock.unreadable", reason=str(error))
            return PlainTextResponse(f"{error}\n", status_code=400)
        except BackendUnavailable as error:
            get_logger().warning("iclock.not_taken", reason=str(error))
            return PlainTextResponse(
                "Not taken: keep the data and send it again\n", status_code=503, headers={"retry-after": "30"}
            )

    return answered


def serial_of(request: Request) -> str:
    """The clock's serial number. Raises `Refusal`."""
    serial = query_value(request.query_params, "SN")
    if not _SERIAL.fullmatch(serial):
        raise Refusal(400, "The serial number SN is missing or unreadable")
    return serial


def address_of(request: Request) -> str:
    """Where the request comes from."""
    return request.client.host if request.client else ""


def backend_of(request: Request) -> Backend:
    """The organisation's back end."""
    backend: Backend = request.app.state.backend
    return backend


def units_of(request: Request) -> Units:
    """What is remembered of push clocks."""
    units: Units = request.app.state.units
    return units


def error_delay(request: Request, serial: str) -> int:
    """Seconds to wait after a failure. Clocks that all lost us at once must not all come back at once."""
    settings: BridgeSettings = request.app.state.settings
    return settings.error_delay + zlib.crc32(serial.encode()) % max(1, settings.error_delay // 2)


async def contact(request: Request, kind: ContactKind, info: dict[str, str]) -> DeviceDecision:
    """Tell the back end who made contact. Raises `Refusal`, `BackendRefused` and `BackendUnavailable`."""
    message = Contact(serial=serial_of(request), kind=kind, source_address=address_of(request), at=utc_now(), info=info)
    decision = await backend_of(request).contact(message)
    units = units_of(request)
    units.capabilities.note(decision.serial, info)
    if decision.device_type:
        # After a restart of ours this may come before the clock itself says what it is.
        units.families.suppose(decision.serial, Family(decision.device_type))
    units.zones.decide(decision.serial, decision.utc_offset_minutes)
    return decision

"""Writing what access-control units read (Security PUSH 3.x): registration, configuration and commands. Pure.

Source: the vendor's *Security PUSH Communication Protocol* 3.1.2. Commands have the frame of time clocks and name
tables; a clock takes one field between tabs, so text is cleaned as for them.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime

from device_bridge.iclock.renderer import clean, period, pin_text
from device_bridge.pyzk_codec import encode_time
from device_bridge.records import LOCAL_TIME_FORMAT, ClockUser

PROTOCOL_VERSION = "3.1.2"
ALWAYS, FIRST_DOOR = 1, 1
"""The unit's own schedule number 1, which admits around the clock, and its first door (a bit mask)."""

INFO = "GET OPTIONS ~DeviceName,FirmVer,MAC,IPAddress,UserCount,FPCount,FaceCount,TransactionCount,~MaxUserCount"
REBOOT = "CONTROL DEVICE 03000000"
CLEAR_LOG = "DATA DELETE transaction *"
COUNT_PUNCHES = "DATA COUNT transaction"
NEW_PUNCHES = "DATA QUERY tablename=transaction,fielddesc=*,filter=NewRecord"
"""The nearest that these units have to a time clock's CHECK: send what has not been sent."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a unit is told after registration. Seconds throughout."""

    session: str
    poll_seconds: int
    error_delay_seconds: int


def registry_code(secret: bytes, serial: str) -> str:
    """32 letters and digits that stay the same over restarts, so that a unit registered once stays registered.

    They prove nothing: the serial number is all the identity that this protocol has.
    """
    return hmac.new(secret, f"registry {serial}".encode(), hashlib.sha256).hexdigest()[:32]


def configuration(options: Configuration) -> str:
    """The answer to ``push``."""
    lines = [
        f"ServerVersion={PROTOCOL_VERSION}",
        "ServerName=Punctual",
        f"PushVersion={PROTOCOL_VERSION}",
        f"ErrorDelay={options.error_delay_seconds}",
        f"RequestDelay={options.poll_seconds}",
        "TransTimes=00:00;14:05",
        "TransInterval=1",
        "TransTables=User\tTransaction",
        "Realtime=1",
        f"SessionID={options.session}",
        "TimeoutSec=10",
    ]
    return "\n".join(lines) + "\n"


def known_handshake(code: str, options: Configuration) -> str:
    """The answer to ``options=all`` of a unit that is registered."""
    return f"registry=ok\nRegistryCode={code}\n{configuration(options)}"


def server_time(now: datetime, utc_offset_minutes: int) -> str:
    """The answer to ``rtdata?type=time``: UTC in the clocks' own encoding, and the zone as ``+0400``."""
    hours, minutes = divmod(abs(utc_offset_minutes), 60)
    sign = "-" if utc_offset_minutes < 0 else "+"
    encoded = encode_time(now.astimezone(UTC).strftime(LOCAL_TIME_FORMAT))
    return f"DateTime={encoded},ServerTZ={sign}{hours:02d}{minutes:02d}\n"


def user_update(user: ClockUser) -> str:
    """Add or change a person; the door refuses them until `user_grant`. Password and group are left as they are."""
    return (
        f"DATA UPDATE user CardNo={user.card or ''}\tPin={pin_text(user.pin)}\tName={clean(user.name)}"
        f"\tPrivilege={user.privilege}"
    )


def user_grant(pin: str) -> str:
    """Let a person pass."""
    return f"DATA UPDATE userauthorize Pin={pin_text(pin)}\tAuthorizeTimezoneId={ALWAYS}\tAuthorizeDoorId={FIRST_DOOR}"


def user_delete(pin: str) -> str:
    """Take a person off the unit; its log keeps their punches."""
    return f"DATA DELETE user Pin={pin_text(pin)}"


def query_punches(since: str | None, until: str | None) -> str:
    """Ask for the log of a period of the unit's local time; it comes in pages. May raise `ValueError`."""
    start, end = period(since, until)
    return f"DATA QUERY tablename=transaction,fielddesc=*,filter=StartTime={start},EndTime={end}"


def query_user(pin: str | None) -> str:
    """Ask for a person, or for everybody; they come in pages."""
    return f"DATA QUERY tablename=user,fielddesc=*,filter={f'Pin={pin_text(pin)}' if pin else '*'}"

"""How a simulated time clock obeys commands. Return codes are those of the vendor's specification."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from device_bridge.simulator.memory import SimulatedUser
from device_bridge.simulator.push_capture import capture
from device_bridge.simulator.push_templates import FINGER, removed, speaks_biodata, taken
from device_bridge.simulator.push_unit import PushUnit

DONE, BAD_PARAMETER, NO_SUCH_PIN, NOT_SUPPORTED = 0, -1, -10, -1002
Fields = Mapping[str, str]


async def execute(clock: PushUnit, identifier: str, command: str) -> str:
    """Obey one command and return the line for ``devicecmd``. Names of fields count in lower case."""
    code, echo, more = await _obey(clock, command)
    return f"ID={identifier}&Return={code}&CMD={echo}{more}"


def fields_of(text: str) -> dict[str, str]:
    """``k=v`` between tabs; names in lower case."""
    pairs = (part.partition("=") for part in text.split("\t"))
    return {name.strip().lower(): value for name, equals, value in pairs if equals}


async def _obey(clock: PushUnit, command: str) -> tuple[int, str, str]:
    match command.split(" ", 3):
        case ["DATA", verb, table, *rest]:
            return _data(clock, verb, table, fields_of(rest[0] if rest else "")), "DATA", ""
        case ["VERIFY", "SUM", "ATTLOG", *rest]:
            said = fields_of(rest[0] if rest else "")
            count = sum(
                1 for line in clock.log if said.get("starttime", "") <= line.local_time <= said.get("endtime", "9")
            )
            return DONE, "VERIFY SUM", f"\nAttlogSum={count}"
    word, _, rest_of_it = command.partition(" ")
    if word in CAPTURES:
        return await CAPTURES[word](clock, fields_of(rest_of_it)), word, ""
    match command:
        case "CHECK":
            clock.shake_hands_again()
            return DONE, "CHECK", ""
        case "INFO":
            return DONE, "INFO", f"\nUserCount={len(clock.users)}\nTransactionCount={len(clock.log)}"
        case "REBOOT":
            clock.reboot()
            return DONE, "REBOOT", ""
        case "CLEAR LOG":
            clock.clear_log()
            return DONE, "CLEAR_LOG", ""
    return NOT_SUPPORTED, word, ""


def _data(clock: PushUnit, verb: str, table: str, said: Fields) -> int:
    match verb, table:
        case "UPDATE", "USERINFO":
            return _update_user(clock, said)
        case "DELETE", "USERINFO":
            clock.templates.drop(said.get("pin", ""))
            return DONE if clock.users.pop(said.get("pin", ""), None) else NO_SUCH_PIN
        case "QUERY", "USERINFO":
            clock.report_users([user for user in clock.users.values() if said.get("pin", user.pin) == user.pin])
            return DONE if said.get("pin", "") in ("", *clock.users) else NO_SUCH_PIN
        case "QUERY", "ATTLOG":
            return _query_log(clock, said)
        case "UPDATE", "FINGERTMP" | "FACE" | "BIODATA":
            return taken(clock.templates, clock.profile, clock.users.__contains__, table, said)
        case "DELETE", "FINGERTMP" | "FACE" | "BIODATA":
            return removed(clock.templates, table, said)
        case "QUERY", "FINGERTMP" | "BIODATA":
            return query_templates(clock, table, said)
    return NOT_SUPPORTED


async def capture_finger(clock: PushUnit, said: Fields) -> int:
    """ENROLL_FP."""
    number = said.get("fid", "0")
    if not number.isdigit() or not said.get("pin"):
        return BAD_PARAMETER
    return await capture(clock, said["pin"], FINGER, int(number), overwrite=said.get("overwrite") == "1")


async def capture_other(clock: PushUnit, said: Fields) -> int:
    """ENROLL_BIO."""
    kind = said.get("type", "")
    if not kind.isdigit() or not said.get("pin"):
        return BAD_PARAMETER
    return await capture(clock, said["pin"], int(kind), 0, overwrite=said.get("overwrite") == "1")


CAPTURES: Mapping[str, Callable[[PushUnit, Fields], Awaitable[int]]] = {
    "ENROLL_FP": capture_finger,
    "ENROLL_BIO": capture_other,
}


def query_templates(clock: PushUnit, table: str, said: Fields) -> int:
    """The templates go out as an ordinary upload. -10 for an unknown person."""
    pin = said.get("pin") or None
    if pin is not None and pin not in clock.users:
        return NO_SUCH_PIN
    kind = FINGER if table == "FINGERTMP" else int(said["type"]) if said.get("type", "").isdigit() else None
    number = said.get("fid" if table == "FINGERTMP" else "no", "")
    found = clock.templates.of(pin, kind, int(number) if number.isdigit() else None)
    clock.report_templates(each for each in found if speaks_biodata(each) == (table == "BIODATA"))
    return DONE


def _update_user(clock: PushUnit, said: Fields) -> int:
    pin = said.get("pin", "")
    if not pin:
        return BAD_PARAMETER
    known = clock.users.get(pin)
    clock.users.put(
        SimulatedUser(
            pin=pin,
            name=said.get("name", known.name if known else ""),
            card=int(said.get("card") or 0),
            privilege=int(said.get("pri") or 0),
            uid=known.uid if known else 0,
        )
    )
    return DONE


def _query_log(clock: PushUnit, said: Fields) -> int:
    start, end = said.get("starttime", ""), said.get("endtime", "")
    if not start or not end:
        return BAD_PARAMETER
    # Texts of this form sort as their times do.
    clock.send_again([line for line in clock.log if start <= line.local_time <= end])
    return DONE

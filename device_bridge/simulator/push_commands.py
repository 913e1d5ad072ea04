"""How a simulated push clock obeys commands. Return codes are those of the vendor's specification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device_bridge.simulator.memory import SimulatedUser

if TYPE_CHECKING:
    from device_bridge.simulator.push_clock import PushClock

DONE, BAD_PARAMETER, NO_SUCH_PIN, NOT_SUPPORTED = 0, -1, -10, -1002


def execute(clock: PushClock, identifier: str, command: str) -> str:
    """Obey one command and return the line for ``devicecmd``."""
    code, echo, more = _obey(clock, command)
    return f"ID={identifier}&Return={code}&CMD={echo}{more}"


def _obey(clock: PushClock, command: str) -> tuple[int, str, str]:
    for start, action in (
        ("DATA UPDATE USERINFO ", _update_user),
        ("DATA DELETE USERINFO ", _delete_user),
        ("DATA QUERY ATTLOG ", _query_log),
    ):
        if command.startswith(start):
            fields = dict(part.split("=", 1) for part in command.removeprefix(start).split("\t") if "=" in part)
            return action(clock, fields), "DATA", ""
    if command == "CHECK":
        clock.shake_hands_again()
        return DONE, "CHECK", ""
    if command == "INFO":
        return DONE, "INFO", f"\nUserCount={len(clock.users)}\nTransactionCount={len(clock.log)}"
    if command == "REBOOT":
        clock.shake_hands_again()
        return DONE, "REBOOT", ""
    return NOT_SUPPORTED, command.split(" ", 1)[0], ""


def _update_user(clock: PushClock, fields: dict[str, str]) -> int:
    pin = fields.get("PIN", "")
    if not pin:
        return BAD_PARAMETER
    known = clock.users.get(pin)
    clock.users.put(
        SimulatedUser(
            pin=pin,
            name=fields.get("Name", known.name if known else ""),
            card=int(fields.get("Card") or 0),
            privilege=int(fields.get("Pri") or 0),
            uid=known.uid if known else 0,
        )
    )
    return DONE


def _delete_user(clock: PushClock, fields: dict[str, str]) -> int:
    return DONE if clock.users.pop(fields.get("PIN", ""), None) else NO_SUCH_PIN


def _query_log(clock: PushClock, fields: dict[str, str]) -> int:
    start, end = fields.get("StartTime", ""), fields.get("EndTime", "")
    if not start or not end:
        return BAD_PARAMETER
    # Texts of this form sort as their times do.
    clock.send_again(line for line in clock.log if start <= line.local_time <= end)
    return DONE

"""Is a clock there? One SQL expression says it everywhere: lists, filters, the dashboard and the watch over changes."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from tenant_stack.tables.devices import Device

PUSH_LATE, PUSH_OFFLINE = 45, 300
PULL_LATE, PULL_OFFLINE = 150, 600

STATUSES = ("online", "late", "offline", "never_seen", "waiting_approval")


def _older_than(push_seconds: int, pull_seconds: int) -> sa.ColumnElement[bool]:
    seconds = sa.case((Device.connection == "pull", pull_seconds), else_=push_seconds)
    return Device.last_seen_at < sa.func.now() - sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def status_expression() -> sa.ColumnElement[str]:
    """One of `STATUSES`, as of now."""
    return sa.case(
        (Device.approved_at.is_(None), "waiting_approval"),
        (
            sa.and_(Device.connection == "pull", Device.pull_state.is_not(None), Device.pull_state != "online"),
            "offline",
        ),
        (Device.last_seen_at.is_(None), "never_seen"),
        (_older_than(PUSH_OFFLINE, PULL_OFFLINE), "offline"),
        (_older_than(PUSH_LATE, PULL_LATE), "late"),
        else_="online",
    )


def status_message(device: Device, status: str) -> str:
    """The status as a sentence: what is the matter, and what to do."""
    if status == "waiting_approval":
        return "This clock has called; approve it to take its punches"
    if status == "never_seen":
        if device.connection == "push":
            return "Not seen yet; set the server address on the clock and check its network"
        return "Not reached yet; the first attempt is under way"
    if status == "offline" and device.connection == "pull" and device.pull_state not in {None, "online"}:
        return device.pull_message or f"The clock cannot be read ({device.pull_state})"
    if status == "online":
        return "Connected"
    return f"Last seen {_stamp(device.last_seen_at)}"


def _stamp(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never"

"""The part of ``given`` that speaks of people and calendars: employment, holidays, days off, leave, requests."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tenant_stack.rules.inputs import (
    Leave,
    WeeklyOff,
)
from tests.oracle import schedules, words
from tests.oracle.facts import Node, NotUnderstoodError

if TYPE_CHECKING:
    from tests.oracle.world import World


def read(world: World) -> None:
    given = world.given
    world.joined = words.day(given.take("joined")) if "joined" in given else None
    world.left = words.day(given.take("left")) if "left" in given else None
    employee = given.take("employee", "active")
    if employee not in ("active", "inactive"):
        raise NotUnderstoodError(f"employee {employee!r}")
    world.active = employee == "active"
    world.holidays |= {words.day(each) for each in given.take("holidays") or ()}
    company = str(given.take("company", ""))
    if match := re.fullmatch(r"\w+ \((no )?holiday\)", company):
        if not match[1]:
            world.holidays.add(world.date_on)
    elif company:
        raise NotUnderstoodError(f"company {company!r}")
    if "calendar" in given:
        days = {words.day(on): kind for on, kind in given.take("calendar").items()}
        _calendar(world, days)
    for on in given.take("absent") or ():
        schedules.base_shift(world)
        world.scheduled_dates.append(words.day(on))
    if "weekly_off" in given:
        weekdays = frozenset(words.weekday(each) for each in _list(given.take("weekly_off")))
        world.calendar = replace(world.calendar, weekly_offs=(WeeklyOff(weekdays),))
    for leave in _list(given.take("leave")):
        world.leaves.append(_leave(world, leave))
    if "leave" in given and world.leaves and world.leaves[0].part == "hours":
        world.leaves = [replace(world.leaves[0], day=world.date_on)]
    if "request" in given:
        _request(world, given.node("request"))
    if "judge_only" in given:
        world.scheduled_dates.append(words.day(given.take("judge_only")))


def _calendar(world: World, days: dict[date, str]) -> None:
    for on, kind in days.items():
        if kind not in ("working", "weekly_off", "holiday"):
            raise NotUnderstoodError(f"calendar {kind!r}")
        if kind == "holiday":
            world.holidays.add(on)
    off = frozenset(on for on, kind in days.items() if kind == "weekly_off")
    world.calendar = replace(world.calendar, off=off)
    world.scheduled_dates += list(days)


def _leave(world: World, value: Any) -> Leave:
    if isinstance(value, dict):
        half = value.get("half")
        parts = {
            "morning": "first_half",
            "first": "first_half",
            "afternoon": "second_half",
            "second": "second_half",
        }
        unknown = set(value) - {"date", "half", "type"}
        if unknown or (half is not None and half not in parts):
            raise NotUnderstoodError(f"leave {value!r}")
        return Leave(words.day(value["date"]), part=parts.get(half, "full") if half else "full")
    if isinstance(value, tuple):
        return Leave(world.date_on, part="hours", start=words.clock(value[0]), end=words.clock(value[1]))
    return Leave(words.day(value))


def _request(world: World, node: Node) -> None:
    start, end = words.day(node.take("from")), words.day(node.take("to"))
    if node.take("reason") not in ("on_duty", "work_from_home"):
        raise NotUnderstoodError(f"{node.path}.reason")
    if node.take("approved", True) is True:
        taken = {leave.day for leave in world.leaves}
        for offset in range((end - start).days + 1):
            on = start + timedelta(days=offset)
            world.scheduled_dates.append(on)
            if on not in taken:
                world.leaves.append(Leave(on, kind="on_duty", code="on_duty"))


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list) and len(value) == 2 and all(re.fullmatch(words.CLOCK, str(each)) for each in value):
        return [tuple(value)]
    return value if isinstance(value, list) else [value]

"""The part of ``given`` that speaks of shifts, schedules and assignments."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from tenant_stack.rules.inputs import (
    Assignment,
    ScheduledBreak,
    Shift,
)
from tenant_stack.rules.ruleset import (
    BreakRule,
    PunctualityRule,
    StatusRule,
)
from tests.oracle import payrules, words
from tests.oracle.facts import Node, NotUnderstoodError

if TYPE_CHECKING:
    from tests.oracle.world import World

HOUR = 3600
BASE_SHIFT = "08:00-17:00"
MODES = {"alternate": "alternate", "device_state": "device_state", "state_then_alternating": "state_then_alternate"}


def read(world: World) -> None:
    given = world.given
    if "shift" in given:
        value = given.take("shift")
        _assign(world, "shift", value, given, "shift")
    for name in ("assigned_shift", "default_shift"):
        if name in given:
            label = name.removesuffix("_shift")
            world.shifts[label] = (_shift(world, label, given.take(name), given, name),)
            if label == "default":
                world.default_shift = label
            else:
                world.assignments.append(Assignment((label,), _from(world, given)))
    if "shifts" in given:
        table = given.node("shifts")
        for name in table:
            world.shifts[name] = (_shift(world, name, table.take(name), table, name),)
    _assigned(world)
    if "schedule" in given:
        _schedule(world, given.take("schedule"))
    if "shift_change" in given:
        _shift_change(world, given.node("shift_change"))
    if "shift_rule_change" in given:
        _rule_change(world, given.node("shift_rule_change"))
    if "shift_start" in given:
        start = words.stamp(given.take("shift_start"), world.date_on)
        shift = Shift("shift", start.second, (start.second + 9 * HOUR) % 86400)
        world.shifts["shift"] = (shift,)
        world.assignments.append(Assignment(("shift",), start.day, start.day))
        world.scheduled_dates.append(start.day)


def _assign(world: World, name: str, value: Any, node: Node, key: str) -> None:
    if isinstance(value, str):
        said = words.schedule(value)
        from_words(world, name, said)
        return
    world.shifts[name] = (_shift(world, name, value, node, key),)
    if "assigned" not in world.given:
        world.assignments.append(Assignment((name,), _from(world, world.given)))


def _from(world: World, given: Node) -> date:
    return words.day(given.take("assigned_from")) if "assigned_from" in given else date(1970, 1, 1)


def _assigned(world: World) -> None:
    given = world.given
    start = _from(world, given)
    value = given.take("assigned")
    names = [name for name in world.shifts if name not in ("default", "assigned")]
    if isinstance(value, dict):
        for name, span in value.items():
            world.assignments.append(Assignment((name,), words.day(span[0]), words.day(span[1])))
    elif isinstance(value, list):
        for name in names:
            world.assignments.append(Assignment((name,), words.day(value[0]), words.day(value[1])))
    elif value is not None:
        raise NotUnderstoodError(f"given.assigned: {value!r}")
    elif "shifts" in given:
        world.assignments += [Assignment((name,), start) for name in names]


def _schedule(world: World, value: Any) -> None:
    if isinstance(value, dict):
        for index, (on, text) in enumerate(sorted(value.items())):
            said = words.schedule(text)
            said.on = words.day(on)
            from_words(world, f"S{index}", said)
        return
    from_words(world, "schedule", words.schedule(str(value)))


def from_words(world: World, name: str, said: words.Schedule) -> None:
    if said.zone is not None:
        world.zone = said.zone
    if said.kind == "none":
        return
    if said.kind == "flexible_week":
        payrules.flexible_week(world, said.expected or 0)
        return
    if said.kind == "flexible_day":
        shift = Shift(name, 0, 0, expected=said.expected, flexible=True)
    else:
        assert said.start is not None
        assert said.end is not None
        shift = Shift(
            name,
            said.start,
            said.end,
            breaks=tuple(ScheduledBreak(start, end, paid) for start, end, paid in said.pauses),
            expected=said.expected,
        )
        if said.unpaid:
            rule = BreakRule("meal", "deduct", ((0, said.unpaid),), keep_trigger=False)
            shift = replace(shift, break_rules=(rule,), unpaid_break=said.unpaid)
    world.shifts[name] = (shift,)
    start, end = (said.on, said.on) if said.on else (_from(world, world.given), None)
    world.assignments.append(Assignment((name,), start, end, said.weekdays))
    if said.on:
        world.scheduled_dates.append(said.on)


def _shift(world: World, name: str, value: Any, parent: Node, key: str) -> Shift:
    if isinstance(value, str):
        said = words.schedule(value)
        if said.start is None or said.end is None:
            raise NotUnderstoodError(f"{parent.path}.{key}: {value!r}")
        pauses = tuple(ScheduledBreak(start, end, paid) for start, end, paid in said.pauses)
        return Shift(name, said.start, said.end, breaks=pauses)
    if not isinstance(value, dict):
        raise NotUnderstoodError(f"{parent.path}.{key}: {value!r}")
    node = parent.child(value, key)
    start, end = words.clock(node.take("start")), words.clock(node.take("end"))
    before, after = node.take("in_window_before_min"), node.take("out_window_after_min")
    mode, kind = node.take("punch_mode"), node.take("hours_mode")
    pairing = None
    if mode is not None or kind is not None:
        pairing = replace(world.pairing, mode=MODES.get(mode, ""), hours=kind or world.pairing.hours)
        if mode is not None and mode not in MODES:
            raise NotUnderstoodError(f"{node.path}.punch_mode: {mode!r}")
    pauses = tuple(ScheduledBreak(words.clock(each[0]), words.clock(each[1])) for each in _pairs(node.take("breaks")))
    return Shift(
        name,
        start,
        end,
        before=None if before is None else words.minutes(before),
        after=None if after is None else words.minutes(after),
        breaks=pauses,
        pairing=pairing,
        status=_status(node, world.rules.status),
        punctuality=_punctuality(node),
    )


def _shift_change(world: World, node: Node) -> None:
    """A change of a shift while it is running: one version for the whole date."""
    changed = words.stamp(node.take("at"))
    for name, versions in list(world.shifts.items()):
        newest = versions[-1]
        before, after = node.take("in_window_before_min"), node.take("out_window_after_min")
        newer = replace(
            newest,
            effective=changed.day,
            before=newest.before if before is None else words.minutes(before),
            after=newest.after if after is None else words.minutes(after),
        )
        world.shifts[name] = (*versions, newer)


def _rule_change(world: World, node: Node) -> None:
    effective = words.day(node.take("effective"))
    old, new = (words.minutes(each) for each in node.take("late_grace_min"))
    world.given.take("reprocess_from")
    world.punctuality = replace(world.punctuality, late_grace=old)
    world.versions.append((effective, replace(world.punctuality, late_grace=new)))
    base_shift(world)


def base_shift(world: World) -> None:
    """Facts that need a shift and name none speak of the base day."""
    if not world.shifts:
        from_words(world, "base", words.schedule(BASE_SHIFT))


def _pairs(value: Any) -> list[Any]:
    if not value:
        return []
    return value if isinstance(value[0], list) else [value]


def _status(node: Node, base: StatusRule) -> StatusRule | None:
    half, absent = node.take("half_day_below_h"), node.take("absent_below_h")
    if half is None and absent is None:
        return None
    return replace(
        base,
        half_day_below=None if half is None else words.hours(half),
        absent_below=None if absent is None else words.hours(absent),
    )


def _punctuality(node: Node) -> PunctualityRule | None:
    late, early = node.take("late_grace_min"), node.take("early_grace_min")
    mark_late, mark_early = node.take("mark_late"), node.take("mark_early")
    if late is early is mark_late is mark_early is None:
        return None
    return PunctualityRule(
        mark_late=bool(mark_late),
        mark_early=bool(mark_early),
        late_grace=words.minutes(late or 0),
        early_grace=words.minutes(early or 0),
    )

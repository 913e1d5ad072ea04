"""Facts about what happens to a record over time: approval, late data, locks, deltas, steps of an organisation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from tenant_stack.rules import approvals, lifecycle
from tenant_stack.rules.accounting import stored_as
from tenant_stack.rules.approvals import OvertimeApproval
from tenant_stack.rules.lifecycle import Life, LockPeriod, State
from tests.oracle import words
from tests.oracle.answers import Answer, check
from tests.oracle.facts import Node, NotUnderstoodError
from tests.oracle.topics import Matter, case_has, compare, given_has, topic
from tests.oracle.words import Stamp
from tests.oracle.world import World


@topic(given_has("existing_record"))
def manual_record(matter: Matter) -> list[str]:
    """Punches beside a record entered by hand: one record stays, the punches wait as a conflict."""
    given, expect = matter.given, matter.expect
    existing = given.node("existing_record")
    day = words.day(existing.take("date"))
    manual = existing.take("source") == "manual"
    before = (("status", 0),)
    existing.take("status")
    world = World(Node({key: given.take(key) for key in given if key != "existing_record"}, "given")).read()
    record = Answer.of(world).on(day)
    figures = {} if record is None else {"worked": record.worked}
    outcome = lifecycle.recompute(Life("1", day, figures=before, manual=manual), figures, day)
    faults = compare("record_count", 1, expect.take("record_count", 1))
    got = "not used" if outcome.conflict and outcome.life.figures == before else "used"
    return faults + compare("punches_marked_as", got, expect.take("punches_marked_as", got))


@topic(given_has("signed_off"))
def signed_off(matter: Matter) -> list[str]:
    """A late punch in a locked period becomes a delta in the current one."""
    given, expect = matter.given, matter.expect
    first, last = (words.day(each) for each in given.take("signed_off"))
    current = words.day(given.take("current_period")[0])
    punch = words.stamp(given.take("late_punch"))
    before, after = given.take("before"), given.take("after")
    if not first <= punch.day <= last:
        raise NotUnderstoodError("given.late_punch outside of the period")
    faults, moved, reasons = [], 0, set()
    for on, minutes in before.items():
        life = Life("1", words.day(on), State.LOCKED, figures=(("worked", words.minutes(minutes)),))
        outcome = lifecycle.recompute(life, {"worked": words.minutes(after[on])}, current)
        unchanged = outcome.life == life
        faults += compare("signed_off_period_unchanged", unchanged, expect.take("signed_off_period_unchanged", True))
        if outcome.delta is not None and outcome.delta.period == current:
            moved += dict(outcome.delta.figures)["worked"] // 60
            reasons.add(outcome.delta.reason)
    faults += compare("delta_in_current_period_min", moved, expect.take("delta_in_current_period_min", moved))
    return faults + compare("reason", sorted(reasons), [expect.take("reason", "historical_correction")])


@topic(given_has("record", "late_punch"))
def late_punch(matter: Matter) -> list[str]:
    """A late punch on an approved day: reopened with the snapshot kept, the approver told, an audit entry."""
    given, expect = matter.given, matter.expect
    node = given.node("record")
    day, minutes = words.day(node.take("date")), words.minutes(node.take("worked_min"))
    life = lifecycle.submit(Life("1", day, figures=(("worked", minutes),)))
    if node.take("status") == "approved":
        life = lifecycle.approve(life, None)
    if words.stamp(given.take("late_punch")).day != day:
        raise NotUnderstoodError("given.late_punch on another day")
    # Only that the figure is another one matters here: what it becomes depends on punches the fact does not name.
    outcome = lifecycle.recompute(life, {"worked": minutes + 1}, day)
    faults = []
    if "record_status_after" in expect:
        allowed = {"reopened_or_pending_change": {"reopened"}, "reopened": {"reopened"}}
        said = expect.take("record_status_after")
        if said not in allowed:
            raise NotUnderstoodError(f"expect.record_status_after {said!r}")
        if outcome.life.state.value not in allowed[said]:
            faults.append(f"record_status_after: expected {said}, got {outcome.life.state}")
    kept = dict(outcome.life.snapshot or ()).get("worked", 0) // 60
    faults += compare("approved_snapshot_kept_min", kept, expect.take("approved_snapshot_kept_min", kept))
    faults += compare("notified", list(outcome.notify), expect.take("notified", list(outcome.notify)))
    if len(outcome.audit) < expect.take("audit_entries_min", 0):
        faults.append(f"audit_entries_min: got {len(outcome.audit)}")
    return faults


@topic(case_has("entry_begin"))
def lock_down(matter: Matter) -> list[str]:
    given = matter.given
    span, grace = given.take("lock"), words.day(given.take("grace_until"))
    faults = []
    for index, case in enumerate(matter.cases()):
        node = given.child(case, f"cases.{index}")
        said = node.take("lock", span)
        period = None
        if isinstance(said, list):
            period = LockPeriod(words.day(said[0]), words.day(said[1]), grace)
            if lifecycle.lock_problems(period):
                raise NotUnderstoodError(f"{node.path}.lock")
        elif said != "missing or unparsable configuration":
            raise NotUnderstoodError(f"{node.path}.lock {said!r}")
        got = lifecycle.may_edit(
            words.day(node.take("entry_begin")),
            words.day(node.take("now")),
            period,
            override=bool(node.take("override_permission", False)),
        )
        faults += compare(f"case {index + 1}", got, node.take("may_edit"))
    return faults


@topic(given_has("device_user"))
def unknown_user(matter: Matter) -> list[str]:
    """A punch of a user nobody is enrolled as is kept; enrolled, it is processed after the fact."""
    given, expect = matter.given, matter.expect
    said = re.fullmatch(r"(\w+)(?: \(nobody enrolled\))?", str(given.take("device_user")))
    if said is None:
        raise NotUnderstoodError("given.device_user")
    world = World(Node({"punches": given.take("punches")}, "given")).read()
    faults = compare("stored_as", stored_as(None), expect.take("stored_as"))
    record = Answer.of(world).one()  # the same rows, once they are somebody's
    got = f"{stored_as('1')} and processed retroactively" if record.punch_count == len(world.stamps) else stored_as("1")
    return faults + compare("after_enrolment", got, expect.take(f"after_enrolment_of_{said[1]}"))


# -- steps -------------------------------------------------------------------------------------------------------


@dataclass
class Office:
    """One person's days while steps happen: punches come and go, overtime is approved, rules are added."""

    given: Node
    matter: Matter
    stamps: list[Stamp] = field(default_factory=list)
    approved: dict[date, OvertimeApproval] = field(default_factory=dict)
    more_rules: list[Any] = field(default_factory=list)
    touched: date | None = None
    answer: Answer | None = None

    def work(self) -> Answer:
        base = {
            key: value
            for key, value in self.given.data.items()
            if key not in ("steps", "punches", "punches_utc", "local")
        }
        base["rules"] = [*(base.get("rules") or []), *self.more_rules]
        if "rule" in base:
            base["rules"].insert(0, base.pop("rule"))
        if not base["rules"]:
            del base["rules"]
        base["punches"] = [each.text for each in sorted(self.stamps, key=lambda each: each.text)]
        node = Node(base, "given")
        world = World(node, self.matter.scenario.title, self.matter.setting).read()
        node.finish()
        self.answer = Answer.of(world)
        rule = self.answer.staff.rules[0].overtime
        records = self.answer.worked
        found = approvals.bases(records, rule)
        self.approved = {
            each.day: approvals.settle(self.approved.get(each.day), each.overtime, found[each.day]) for each in records
        }
        return self.answer


def _edit_close(office: Office, text: str) -> None:
    """'close at 2021-01-08 20:00 UTC (21:00 local)': the last punch is moved."""
    said = re.fullmatch(rf"close at (\d{{4}}-\d\d-\d\d {words.CLOCK})( UTC)?(?: \(.*\))?", text)
    if said is None:
        raise NotUnderstoodError(f"edit {text!r}")
    stamp = words.stamp(said[1])
    office.stamps[-1] = replace(stamp, offset="+00:00") if said[2] else stamp


def _step(office: Office, node: Node) -> list[str]:
    if "add" in node:
        stamps = [words.stamp(each) for each in node.take("add")]
        office.stamps += stamps
        office.touched = stamps[0].day
    if "delete" in node:
        gone = words.day(node.take("delete"))
        office.stamps = [each for each in office.stamps if each.day != gone]
    if "edit" in node:
        _edit_close(office, str(node.take("edit")))
    if "add_rule" in node:
        office.more_rules.append(node.take("add_rule"))
    answer = office.work()
    for key, status in (("approve", "approved"), ("refuse", "refused")):
        if key in node:
            day = words.day(node.take(key))
            office.approved[day] = approvals.decide(office.approved[day], status)
    if "manual_overtime_h" in node and office.touched is not None:
        hand = office.touched
        office.approved[hand] = replace(office.approved[hand], by_hand=words.hours(node.take("manual_overtime_h")))
    faults: list[str] = []
    for key in list(node):
        if key in ("status", "counted_h") or key.startswith("status_of_"):
            value = node.take(key)
            if key == "counted_h":
                got: Any = sum(each.counted for each in office.approved.values()) / 3600
            else:
                on = words.day(key.removeprefix("status_of_")) if key != "status" else office.touched
                got = "none" if on is None else office.approved[on].status
            faults += compare(key, got, value)
    actions = ("add", "delete", "edit", "add_rule", "approve", "refuse", "manual_overtime_h", "status", "counted_h")
    rest = {key: node.peek(key) for key in node if key not in actions and not key.startswith("status_of_")}
    for key in rest:
        node.take(key)
    expect = Node(rest, node.path)
    faults += check(answer, expect)
    return faults


@topic(given_has("steps"))
def steps(matter: Matter) -> list[str]:
    given, expect = matter.given, matter.expect
    office = Office(given, matter)
    for key in given:
        given.take(key)  # every world that is built from it checks its keys again
    local = [words.stamp(each) for each in given.peek("punches") or ()]
    office.stamps = local + [replace(words.stamp(each), offset="+00:00") for each in given.peek("punches_utc") or ()]
    faults = []
    by_hand: date | None = None
    for index, step in enumerate(given.peek("steps")):
        node = given.child(step, f"steps.{index}")
        found = _step(office, node)
        if "manual_overtime_h" in node:
            by_hand = office.touched
        faults += [f"step {index + 1}: {fault}" for fault in found]
    expect.take("steps_as_given")
    day = by_hand or office.touched
    for key in expect:
        if key in ("computed_overtime_h", "validated_overtime_h") and day is not None:
            mine = office.approved[day]
            got = (mine.computed if key.startswith("computed") else mine.validated) / 3600
            faults += compare(key, got, expect.take(key))
    return faults

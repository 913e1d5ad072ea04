"""Facts about what happens to a record over time: late data, locks, deltas, steps of an organisation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tenant_stack.attendance.batch_writes import DELTAS
from tenant_stack.attendance.engine_inputs import Period, current_period
from tenant_stack.punches.service import punch_view
from tenant_stack.rules.records import DayRecord
from tenant_stack.tables.punches import PunchLog
from tests.oracle import words
from tests.oracle.answers import Answer, check
from tests.oracle.facts import Node, NotInProductError, NotUnderstoodError
from tests.oracle.stored_records import STAFF, settled, stored
from tests.oracle.topics import Matter, compare, given_has, topic
from tests.oracle.words import Stamp
from tests.oracle.world import World

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _record(*punches: str) -> DayRecord:
    """The first day of these punches, by the engine."""
    return Answer.of(World(Node({"punches": list(punches)}, "given")).read()).one()


@topic(given_has("existing_record"))
def manual_record(matter: Matter) -> list[str]:
    """Punches beside a record entered by hand: one record stays, the punches wait as a conflict."""
    given, expect = matter.given, matter.expect
    existing = given.node("existing_record")
    day = words.day(existing.take("date"))
    if (existing.take("source"), existing.take("status")) != ("manual", "present"):
        raise NotUnderstoodError("given.existing_record")
    world = World(Node({key: given.take(key) for key in given if key != "existing_record"}, "given")).read()
    record = Answer.of(world).one()
    if record.work_date != day:
        raise NotUnderstoodError("given.existing_record.date")
    found = settled(stored(record, "open", manual=True), record)
    faults = compare("record_count", 1 + len(found.writes) - len(found.removed), expect.take("record_count", 1))
    got = "not used" if found.conflicts and not found.writes else "used"
    return faults + compare("punches_marked_as", got, expect.take("punches_marked_as", got))


@topic(given_has("signed_off"))
def signed_off(matter: Matter) -> list[str]:
    """A late punch in a locked period becomes a delta in the current one."""
    given, expect = matter.given, matter.expect
    first, last = (words.day(each) for each in given.take("signed_off"))
    begins, ends = (words.day(each) for each in given.take("current_period"))
    locked, current = Period(UUID(int=1), first, last, "locked"), Period(UUID(int=2), begins, ends, "open")
    out = words.stamp(given.take("late_punch"))
    minutes = words.minutes(given.take("after")[str(out.day)])
    arrival = f"{replace(out, second=out.second - minutes).text} IN"
    before, after = _record(arrival), _record(arrival, f"{out.text} OUT")
    if before.worked_seconds != words.minutes(given.take("before")[str(out.day)]) or after.worked_seconds != minutes:
        raise NotUnderstoodError("given.before")
    found = settled(stored(before, "locked"), after, locked)
    paid = current_period([locked, current], begins) is current
    moved = found.differences[STAFF, out.day]["worked"] // 60 if paid else 0
    unchanged = not (found.writes or found.removed or found.emptied)
    faults = compare("signed_off_period_unchanged", unchanged, expect.take("signed_off_period_unchanged", True))
    faults += compare("delta_in_current_period_min", moved, expect.take("delta_in_current_period_min", moved))
    reason = expect.take("reason", "historical_correction")
    return faults + compare("reason", f"'{reason}'" in DELTAS.text, True)


@topic(given_has("record", "late_punch"))
def late_punch(matter: Matter) -> list[str]:
    """A late punch on an approved day: reopened with the snapshot kept, and an audit entry."""
    given, expect = matter.given, matter.expect
    node = given.node("record")
    day, minutes = words.day(node.take("date")), words.minutes(node.take("worked_min"))
    late = words.stamp(given.take("late_punch"))
    if late.day != day or late.second <= minutes:
        raise NotUnderstoodError("given.late_punch")
    punches = [
        replace(late, second=second).text for second in (late.second - minutes - 1, late.second - 1, late.second)
    ]
    row = stored(_record(*punches[:2]), str(node.take("status")))
    found = settled(row, _record(*punches))
    write = found.writes[0]
    if expect.take("record_status_after") not in ("reopened_or_pending_change", "reopened"):
        raise NotUnderstoodError("expect.record_status_after")
    faults = compare("record_status_after", write.state, "reopened")
    figures: Any = (write.snapshot or {})["figures"]
    faults += compare("approved_snapshot_kept_min", figures["worked"] / 60, expect.take("approved_snapshot_kept_min"))
    if len(found.trail) < expect.take("audit_entries_min", 0):
        faults.append(f"audit_entries_min: got {len(found.trail)}")
    if expect.take("notified") is not None and not faults:
        raise NotInProductError("nobody is notified of a reopened record; the rest of the scenario passes")
    return faults


@topic(given_has("device_user"))
def unknown_user(matter: Matter) -> list[str]:
    """A punch of a user nobody is enrolled as is kept; enrolled, it is processed after the fact."""
    given, expect = matter.given, matter.expect
    said = re.fullmatch(r"(\w+)(?: \(nobody enrolled\))?", str(given.take("device_user")))
    if said is None:
        raise NotUnderstoodError("given.device_user")
    world = World(Node({"punches": given.take("punches")}, "given")).read()
    faults = compare("stored_as", _kept_as(None), expect.take("stored_as"))
    record = Answer.of(world).one()  # the same rows, once they are somebody's
    got = f"{_kept_as(STAFF)} and processed retroactively" if record.punch_count == len(world.stamps) else "lost"
    return faults + compare("after_enrolment", got, expect.take(f"after_enrolment_of_{said[1]}"))


def _kept_as(staff_id: UUID | None) -> str:
    """How the API shows a punch of this person, or of nobody."""
    punch = PunchLog(
        id=STAFF,
        device_id=STAFF,
        staff_id=staff_id,
        pin="1",
        raw_pin="1",
        local_time=EPOCH,
        zone="UTC",
        punched_at=EPOCH,
        status=0,
        verify=1,
        work_code="",
        source="push",
        received_at=EPOCH,
    )
    return "unassigned" if "unknown_pin" in punch_view((punch, "S1", "Door", None, None)).flags else "assigned"


# -- steps -------------------------------------------------------------------------------------------------------


@dataclass
class Office:
    """One person's days while steps happen: punches come and go."""

    given: Node
    matter: Matter
    stamps: list[Stamp] = field(default_factory=list)

    def work(self) -> Answer:
        base = {
            key: value
            for key, value in self.given.data.items()
            if key not in ("steps", "punches", "punches_utc", "local")
        }
        base["punches"] = [each.text for each in sorted(self.stamps, key=lambda each: each.text)]
        node = Node(base, "given")
        world = World(node, self.matter.scenario.title, self.matter.setting).read()
        node.finish()
        return Answer.of(world)


def _edit_close(office: Office, text: str) -> None:
    """'close at 2021-01-08 20:00 UTC (21:00 local)': the last punch is moved."""
    said = re.fullmatch(rf"close at (\d{{4}}-\d\d-\d\d {words.CLOCK})( UTC)?(?: \(.*\))?", text)
    if said is None:
        raise NotUnderstoodError(f"edit {text!r}")
    stamp = words.stamp(said[1])
    office.stamps[-1] = replace(stamp, offset="+00:00") if said[2] else stamp


def _step(office: Office, node: Node) -> list[str]:
    if "add" in node:
        office.stamps += [words.stamp(each) for each in node.take("add")]
    if "delete" in node:
        gone = words.day(node.take("delete"))
        office.stamps = [each for each in office.stamps if each.day != gone]
    if "edit" in node:
        _edit_close(office, str(node.take("edit")))
    rest = {key: node.take(key) for key in node if key not in ("add", "delete", "edit")}
    return check(office.work(), Node(rest, node.path))


@topic(given_has("steps"))
def steps(matter: Matter) -> list[str]:
    given, expect = matter.given, matter.expect
    office = Office(given, matter)
    for key in given:
        given.take(key)  # every world that is built from it checks its keys again
    local = [words.stamp(each) for each in given.peek("punches") or ()]
    office.stamps = local + [replace(words.stamp(each), offset="+00:00") for each in given.peek("punches_utc") or ()]
    faults = []
    for index, step in enumerate(given.peek("steps")):
        found = _step(office, given.child(step, f"steps.{index}"))
        faults += [f"step {index + 1}: {fault}" for fault in found]
    expect.take("steps_as_given")
    return faults

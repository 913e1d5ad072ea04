"""An organisation with two sites: what there is at the far one, in every table, with a word in every text of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from foundation.clock import utc_now
from foundation.database import Database
from tenant_stack.tables.attendance import (
    AttendanceAnomaly,
    AttendanceCorrection,
    AttendanceDelta,
    AttendancePeriod,
    AttendanceRecord,
)
from tenant_stack.tables.biometrics import (
    BiometricAccess,
    BiometricTemplate,
    ConsentText,
    DeviceTemplate,
    EnrolmentSession,
    StaffConsent,
)
from tenant_stack.tables.conflicts import ConflictRow
from tenant_stack.tables.device_groups import DeviceGroup, DeviceGroupDevice, DeviceGroupStaff
from tenant_stack.tables.devices import Alert, Device, DeviceCommand, DeviceCompleteness, SyncLog
from tenant_stack.tables.punches import QuarantinedLine
from tenant_stack.tables.schedules import LeaveRow, ShiftAssignment, Site
from tenant_stack.tables.staff import DeviceEnrollment, DeviceList, Staff
from tests.tenant_stack.actors import Bridge, punch

DAY = date(2026, 3, 2)


@dataclass(frozen=True)
class FarSide:
    """``word`` is in every text there; ``known`` are ids by the parameter's name in a path."""

    word: str
    near: UUID
    known: dict[str, str]

    @property
    def ids(self) -> list[str]:
        return [self.known[name] for name in ("staff_id", "device_id")]


async def furnish(database: Database, bridge: Bridge) -> FarSide:
    """Make both sites; the near one has a person and a clock of its own."""
    word = f"Faraway{uuid4().hex[:8]}"
    async with database.transaction() as session:
        near, far = (Site(code=each, name=each.title(), zone="UTC") for each in ("near", "far"))
        session.add_all([near, far])
        await session.flush()
        session.add(Staff(employee_id="1", name="Near person", department="Sales", site_id=near.id))
        session.add(_clock("NEAR-1", "Near clock", near.id))
        person = Staff(employee_id="2", name=word, department=word, job_title=word, notes=word, site_id=far.id)
        clock = _clock(f"{word}1", word, far.id)
        session.add_all([person, clock])
        await session.flush()
    # Far punches reach the far person, one that nobody answers to, and one that cannot be read.
    serial = clock.device_serial
    await bridge.punches(punch("2", f"{DAY} 08:00:00"), punch("99", f"{DAY} 08:01:00"), serial=serial)
    await bridge.contact(serial)
    async with database.transaction() as session:
        rows = await _rows(session, person.id, clock.id, word)
    named = {name: str(row.id) for name, row in rows.items()}
    named |= {"staff_id": str(person.id), "device_id": str(clock.id), "site_id": str(far.id)}
    return FarSide(word, near.id, named)


def _clock(serial: str, name: str, site_id: UUID) -> Device:
    return Device(
        device_serial=serial,
        name=name,
        location=name,
        connection="push",
        zone="UTC",
        site_id=site_id,
        approved_at=utc_now(),
        trust="full",
        info={"firmware": name},
    )


async def _rows(session: Any, person: UUID, clock: UUID, word: str) -> dict[str, Any]:
    """One row of every kind, by the name that its id has in paths."""
    both: dict[str, Any] = {"staff_id": person, "device_id": clock}
    now = utc_now()
    text = ConsentText(version=1, title="Consent", text="May we?", created_by="owner")
    group = DeviceGroup(name="Everywhere")
    period = AttendancePeriod(starts_on=DAY, ends_on=DAY + timedelta(days=6), state="open", locked_name="")
    template = BiometricTemplate(
        staff_id=person,
        template_type="FINGERPRINT",
        template_format="zk/10.0",
        finger_index=3,
        state="active",
        origin="walk_up",
        origin_device_id=clock,
        origin_pin="2",
        template_data=f"vault:v1:{word}",
    )
    walk_up = BiometricTemplate(
        staff_id=person,
        template_type="FINGERPRINT",
        template_format="zk/10.0",
        finger_index=4,
        state="quarantined",
        origin="walk_up",
        origin_device_id=clock,
        origin_pin="2",
        template_data=f"vault:v1:{word}",
    )
    # Their punch has put them on the clock already.
    enrolment = await session.scalar(sa.select(DeviceEnrollment).where(DeviceEnrollment.staff_id == person))
    assert enrolment is not None
    enrolment.reported_name = word
    stranger = DeviceEnrollment(
        device_id=clock, pin="77", status="enrolled", origin="reported", on_device=True, reported_name=word
    )
    session.add_all([text, group, period, template, walk_up, stranger])
    await session.flush()
    found = {
        "record_id": AttendanceRecord(
            staff_id=person, work_date=DAY, zone="UTC", worked_minutes=60, status="present", punch_count=1
        ),
        "anomaly_id": AttendanceAnomaly(
            staff_id=person, work_date=DAY, kind="missing_out", severity="high", state="active", text=word
        ),
        "correction_id": AttendanceCorrection(
            staff_id=person,
            work_date=DAY,
            changes={"figures": {}},
            reason=word,
            requested_by="x",
            requested_name=word,
            state="proposed",
        ),
        "alert_id": Alert(kind="two_sources", device_id=clock, severity="warning", text=word),
        "conflict_id": ConflictRow(
            kind="changed_at_clock",
            enrollment_id=enrolment.id,
            pin="2",
            fields=["name"],
            ours={"name": word, "card": 0, "privilege": 0},
            theirs={"name": word, "card": 0, "privilege": 0},
            theirs_at=now,
            rule=word,
            **both,
        ),
        "command_id": DeviceCommand(device_id=clock, kind="user.write", pin="2", state="failed", result_text=word),
        "enrolment_id": EnrolmentSession(
            **both,
            pin="2",
            template_type="FINGERPRINT",
            finger_index=3,
            requested_by=word,
            message=word,
            state="asked",
            expires_at=now + timedelta(hours=1),
        ),
        "leave_id": LeaveRow(staff_id=person, day=DAY, part="full", kind="leave", code="leave", note=word),
        "assignment_id": ShiftAssignment(staff_id=person, rotation=[None], starts_on=DAY),
        "consent_id": StaffConsent(
            staff_id=person, text_id=text.id, how="written", given_at=now, recorded_by=word, note=word
        ),
        "sync_id": SyncLog(device_id=clock, state="failed", requested_by=word, message=word),
        "line_id": QuarantinedLine(device_id=clock, raw=word, digest=b"1", reason=word, source="push", received_at=now),
        "access_id": BiometricAccess(
            **both, template_id=template.id, purpose="sent", actor_kind="user", actor_label=word
        ),
    }
    session.add_all(found.values())
    session.add_all(
        [
            AttendanceDelta(staff_id=person, work_date=DAY, figures={}, reason="late_data", period_id=period.id),
            DeviceTemplate(device_id=clock, template_id=template.id, pin="2", state="confirmed", message=word),
            DeviceGroupDevice(group_id=group.id, device_id=clock),
            DeviceGroupStaff(group_id=group.id, staff_id=person),
            DeviceList(device_id=clock, taken_at=now, people=1),
        ]
    )
    if await session.get(DeviceCompleteness, clock) is None:
        session.add(DeviceCompleteness(device_id=clock, state="missing"))
    await session.flush()
    return {
        **found,
        "template_id": template,
        "enrollment_id": stranger,
        "group_id": group,
        "period_id": period,
    }


async def contents(database: Database, far: FarSide, whole: frozenset[str]) -> dict[str, str]:
    """A fingerprint by table: the rows that name the far person or clock, and all rows of the tables ``whole``."""
    tables = sa.text(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' "
        "AND c.relkind IN ('r', 'p') AND NOT c.relispartition "
        "AND c.relname NOT IN ('audit_log', 'audit_waiting', 'audit_chain', 'outbox') ORDER BY 1"
    )
    found: dict[str, str] = {}
    async with database.transaction() as session:
        for name in await session.scalars(tables):
            rows = sa.text(
                f'SELECT string_agg(t::text, chr(10) ORDER BY t::text) FROM "{name}" t '
                "WHERE :all OR t::text LIKE ANY(CAST(:named AS text[]))"
            )
            named = [f"%{each}%" for each in (*far.ids, far.word)]
            found[name] = await session.scalar(rows, {"all": name in whole, "named": named}) or ""
    return found

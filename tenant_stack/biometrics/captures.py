"""Enrolment at a distance: a person stands at a clock, somebody at a desk watches each touch arrive.

A push clock fetches an ENROLL command with its next poll; a pull clock is asked by the bridge at once. Steps come from
the bridge under the id that the command or action carried; the template itself comes as an upload and is the proof.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.clock import utc_now
from foundation.contracts.bridge import CommandKind, EnrolmentStep, TemplateName, TemplateType
from foundation.database import constraint_of
from foundation.errors import Conflict, Invalid, NotFound
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.biometrics.consent import require_consent
from tenant_stack.biometrics.schemas import EnrolmentStepView, EnrolmentView, RemoteEnrolmentIn
from tenant_stack.biometrics.service import read_copies
from tenant_stack.devices import trust
from tenant_stack.devices.commands.queue import queue
from tenant_stack.people.groups.manual_enrollment import enroll
from tenant_stack.people.staff.service import get_staff
from tenant_stack.punch_lines import printable
from tenant_stack.tables.base import audited
from tenant_stack.tables.biometrics import EnrolmentSession, EnrolmentStepRow
from tenant_stack.tables.devices import Device, DeviceCommand
from tenant_stack.tables.staff import DeviceEnrollment, Staff

OPEN = ("asked", "sent", "started", "touch")
FETCH_SECONDS = 120
"""How long beyond its time limit a session waits for the clock to fetch it and for the last answer."""
TOUCHES = 3

EXPIRE = sa.text("""
UPDATE enrolment_sessions SET state = 'timed_out', finished_at = now(), updated_at = now(), message = CASE
    WHEN state = 'asked' THEN 'The clock did not fetch the request in time' ELSE 'Nobody finished in time' END
WHERE state IN ('asked', 'sent', 'started', 'touch') AND expires_at < now()
RETURNING id, state, message, command_id
""")
DROP_COMMANDS = sa.text("""
UPDATE device_commands SET state = 'cancelled', finished_at = now()
WHERE id = ANY(CAST(:ids AS bigint[])) AND state = 'queued'
""")
# What the clock's answers to commands say of sessions that the bridge has not told of.
FROM_COMMANDS = sa.text("""
SELECT s.id, c.state, c.result_code, c.result_text FROM enrolment_sessions s
JOIN device_commands c ON c.id = s.command_id
WHERE (s.state = 'asked' AND c.state = 'sent')
   OR (s.state IN ('asked', 'sent', 'started', 'touch') AND c.state = 'failed')
""")
DISTRIBUTED = sa.text("""
UPDATE enrolment_sessions s SET state = 'distributed', finished_at = now(), updated_at = now()
WHERE s.state = 'stored' AND s.template_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM device_templates c WHERE c.template_id = s.template_id
                  AND c.state IN ('pending', 'sent', 'removing'))
RETURNING s.id
""")


async def start(session: AsyncSession, actor: Actor, staff_id: UUID, asked: RemoteEnrolmentIn) -> EnrolmentSession:
    """Begin an enrolment at a clock. The person is put on the clock first where they are not.

    `Conflict`: ``consent_missing``, ``device_not_trusted``, ``device_busy`` (one at a time), ``staff_inactive``.
    """
    person = await get_staff(session, staff_id)
    if not person.active:
        raise Conflict("staff_inactive", f"{person.name} is inactive")
    await require_consent(session, staff_id, person.name)
    device = await session.get(Device, asked.device_id)
    if device is None or device.approved_at is None:
        raise Invalid("unknown_device", "There is no such approved clock", field="biometric.device_id")
    if why := trust.why_not(device, "template"):
        raise Conflict("device_not_trusted", why, field="biometric.device_id")
    if device.connection == "pull" and asked.template_type != "FINGERPRINT":
        raise Invalid("not_here", "This clock can be asked for fingers only", field="biometric.template_type")
    device_id, name, serial, connection = device.id, device.name, device.device_serial, device.connection
    enrolled = await _enrolment(session, staff_id, device_id)
    if enrolled is None:
        await enroll(session, actor, staff_id, [device_id], None)
        session.expire_all()
        enrolled = await _enrolment(session, staff_id, device_id)
    assert enrolled is not None
    pin = enrolled.pin
    row = EnrolmentSession(
        staff_id=staff_id,
        device_id=device_id,
        pin=pin,
        template_type=asked.template_type,
        finger_index=asked.finger_index,
        seconds=asked.seconds,
        requested_by=actor.label[:200],
        expires_at=utc_now() + timedelta(seconds=asked.seconds + FETCH_SECONDS),
    )
    try:
        async with session.begin_nested():
            session.add(row)
            await session.flush()
    except IntegrityError as error:
        if constraint_of(error) != "uq_enrolment_sessions_open":
            raise
        message = f"{name} is taking somebody's finger already; wait for it or cancel it"
        raise Conflict("device_busy", message, field="biometric.device_id") from error
    if connection == "push":
        target = TemplateName(
            pin=pin, template_type=TemplateType(asked.template_type), template_index=asked.finger_index
        )
        row.command_id = await queue(
            session,
            device_id,
            CommandKind.ENROLL,
            target=target,
            overwrite=asked.overwrite,
            requested_by=actor.label,
        )
    _step(session, row.id, "asked", message=f"{actor.label} asked {name}")
    after: dict[str, object] = {
        "device_serial": serial,
        "template_type": asked.template_type,
        "finger_index": asked.finger_index,
    }
    audited(session, actor, "staff.enroll_remotely", "staff", staff_id, after=after)
    await session.flush()
    return row


async def cancel(session: AsyncSession, actor: Actor, session_id: UUID) -> EnrolmentSession:
    """Stop waiting. A clock that has not fetched the request never hears of it; `Conflict` when it is over."""
    row = await session.get(EnrolmentSession, session_id, with_for_update=True)
    if row is None:
        raise NotFound("enrolment_not_found", "There is no such enrolment")
    if row.state not in OPEN:
        raise Conflict("enrolment_over", "This enrolment is over already")
    if row.command_id is not None:
        await session.execute(DROP_COMMANDS, {"ids": [row.command_id]})
    _finish(session, row, "cancelled", f"{actor.label} cancelled it")
    audited(session, actor, "enrolment.cancel", "enrolment", row.id)
    await session.flush()
    return row


async def take_step(session: AsyncSession, device_id: UUID, told: EnrolmentStep) -> UUID | None:
    """The bridge tells of progress; returns the session it is of. Unknown ones and late news are ignored."""
    query = sa.select(EnrolmentSession).where(EnrolmentSession.device_id == device_id).with_for_update()
    if told.enrolment.isascii() and told.enrolment.isdigit():
        query = query.where(EnrolmentSession.command_id == int(told.enrolment))
    else:
        try:
            query = query.where(EnrolmentSession.id == UUID(told.enrolment))
        except ValueError:
            return None
    row = await session.scalar(query)
    if row is None or row.state not in OPEN:
        return None
    message = printable(told.message)[:300]
    if told.step == "failed" and await _may_be_asked_again(session, row):
        # A clock that does not know the person yet is sent the person, and is asked again: the command decides.
        row.message = message
    elif told.step in {"failed", "cancelled"}:
        _finish(session, row, told.step, message)
    elif told.step == "stored":
        row.state, row.message = "stored", message
        _step(session, row.id, "stored", message=message)
    else:
        row.state, row.touch, row.message = told.step, max(row.touch, told.touch), message
        _step(session, row.id, told.step, touch=told.touch, message=message)
    await session.flush()
    return row.id


async def arrived(session: AsyncSession, device_id: UUID) -> list[UUID]:
    """Sessions whose template has come: stored, whatever the bridge said of it; returns their ids."""
    rows = await session.scalars(
        sa.select(EnrolmentSession)
        .where(
            EnrolmentSession.device_id == device_id,
            EnrolmentSession.template_id.is_not(None),
            EnrolmentSession.state.in_([*OPEN, "stored"]),
        )
        .with_for_update()
    )
    touched: list[UUID] = []
    for row in rows:
        if row.state != "stored":
            row.state, row.message = "stored", ""
            _step(session, row.id, "stored", message="The template has arrived")
        touched.append(row.id)
    await session.flush()
    return touched


async def advance(session: AsyncSession) -> list[UUID]:
    """What time and the clocks' answers make of open sessions; returns those that changed."""
    touched: list[UUID] = []
    for fact in list(await session.execute(FROM_COMMANDS)):
        row = await session.get_one(EnrolmentSession, fact.id, with_for_update=True)
        if fact.state == "sent":
            row.state = "sent"
            _step(session, row.id, "sent", message="The clock has fetched the request")
        else:
            _finish(session, row, "failed", row.message or fact.result_text or "The clock refused")
        touched.append(row.id)
    expired = list(await session.execute(EXPIRE))
    for late in expired:
        _step(session, late.id, late.state, message=late.message)
        touched.append(late.id)
    await session.execute(DROP_COMMANDS, {"ids": [late.command_id for late in expired if late.command_id]})
    for done in list(await session.scalars(DISTRIBUTED)):
        _step(session, done, "distributed", message="Every clock of the person has answered")
        touched.append(done)
    await session.flush()
    return touched


async def due_at_pull_clocks(session: AsyncSession) -> list[UUID]:
    """Claim sessions that the bridge is to start: their person is on the clock."""
    rows = await session.scalars(
        sa.select(EnrolmentSession)
        .join(Device, Device.id == EnrolmentSession.device_id)
        .join(
            DeviceEnrollment,
            sa.and_(DeviceEnrollment.device_id == Device.id, DeviceEnrollment.pin == EnrolmentSession.pin),
        )
        .where(
            EnrolmentSession.state == "asked",
            EnrolmentSession.command_id.is_(None),
            Device.connection == "pull",
            DeviceEnrollment.status == "enrolled",
        )
        .with_for_update(of=EnrolmentSession, skip_locked=True)
    )
    claimed = []
    for row in list(rows):
        row.state = "sent"
        _step(session, row.id, "sent", message="The clock is being asked")
        claimed.append(row.id)
    return claimed


async def target_of(
    session: AsyncSession, session_id: UUID, *, still_open: bool = True
) -> tuple[str, TemplateName, int] | None:
    """Serial, finger and time limit of a session at a pull clock; None when it is over or of another kind."""
    found = (
        await session.execute(
            sa.select(EnrolmentSession, Device.device_serial)
            .join(Device, Device.id == EnrolmentSession.device_id)
            .where(EnrolmentSession.id == session_id, Device.connection == "pull")
        )
    ).one_or_none()
    if found is None or (still_open and found[0].state not in OPEN):
        return None
    row, serial = found
    name = TemplateName(pin=row.pin, template_type=TemplateType(row.template_type), template_index=row.finger_index)
    return serial, name, row.seconds


async def _may_be_asked_again(session: AsyncSession, row: EnrolmentSession) -> bool:
    if row.command_id is None:
        return False
    state = await session.scalar(sa.select(DeviceCommand.state).where(DeviceCommand.id == row.command_id))
    return state in {"queued", "sent"}


async def fail(session: AsyncSession, session_id: UUID, message: str) -> bool:
    """The bridge could not; returns whether that changed anything."""
    row = await session.get(EnrolmentSession, session_id, with_for_update=True)
    if row is None or row.state not in OPEN:
        return False
    _finish(session, row, "failed", message)
    return True


def _finish(session: AsyncSession, row: EnrolmentSession, state: str, message: str) -> None:
    row.state, row.message, row.finished_at = state, message[:300], utc_now()
    _step(session, row.id, state, message=message)


def _step(session: AsyncSession, session_id: UUID, step: str, *, touch: int = 0, message: str = "") -> None:
    session.add(EnrolmentStepRow(session_id=session_id, step=step, touch=touch, message=message[:300]))


async def _enrolment(session: AsyncSession, staff_id: UUID, device_id: UUID) -> DeviceEnrollment | None:
    found: DeviceEnrollment | None = await session.scalar(
        sa.select(DeviceEnrollment).where(
            DeviceEnrollment.staff_id == staff_id,
            DeviceEnrollment.device_id == device_id,
            DeviceEnrollment.status.in_(["enrolled", "pending"]),
        )
    )
    return found


def _query() -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(EnrolmentSession, Staff.name, Device.name, Device.zone)
        .join(Staff, Staff.id == EnrolmentSession.staff_id)
        .join(Device, Device.id == EnrolmentSession.device_id)
    )


async def read_enrolment(session: AsyncSession, session_id: UUID) -> EnrolmentView:
    """One enrolment with its steps; `NotFound` when there is none."""
    row = (await session.execute(_query().where(EnrolmentSession.id == session_id))).one_or_none()
    if row is None:
        raise NotFound("enrolment_not_found", "There is no such enrolment")
    return (await _views(session, [row]))[0]


async def list_enrolments(session: AsyncSession, page: PageRequest, *, staff_id: UUID | None) -> Page[EnrolmentView]:
    """Enrolments at a distance, the newest first."""
    query = _query()
    if staff_id is not None:
        query = query.where(EnrolmentSession.staff_id == staff_id)
    order = [EnrolmentSession.__table__.c.id]
    rows, cursor, total = await paginate(session, query, page, order=order, descending=True)
    return Page(items=await _views(session, rows), next_cursor=cursor, total=total)


async def _views(session: AsyncSession, rows: list[Any]) -> list[EnrolmentView]:
    found = await session.scalars(
        sa.select(EnrolmentStepRow)
        .where(EnrolmentStepRow.session_id.in_([row[0].id for row in rows]))
        .order_by(EnrolmentStepRow.id)
    )
    steps: dict[UUID, list[EnrolmentStepView]] = {}
    for step in found:
        view = EnrolmentStepView(at=step.at, step=step.step, touch=step.touch, message=step.message)
        steps.setdefault(step.session_id, []).append(view)
    copies = await read_copies(session, [row[0].template_id for row in rows if row[0].template_id])
    return [
        EnrolmentView(
            id=row[0].id,
            staff_id=row[0].staff_id,
            staff_name=row[1],
            device_id=row[0].device_id,
            device_name=row[2],
            zone=row[3],
            pin=row[0].pin,
            template_type=row[0].template_type,
            finger_index=row[0].finger_index,
            state=row[0].state,
            open=row[0].state in OPEN,
            touch=row[0].touch,
            message=row[0].message,
            requested_by=row[0].requested_by,
            template_id=row[0].template_id,
            created_at=row[0].created_at,
            expires_at=row[0].expires_at,
            finished_at=row[0].finished_at,
            steps=steps.get(row[0].id, []),
            copies=copies.get(row[0].template_id, []),
        )
        for row in rows
    ]

"""Remote captures: a person gives a finger at a device while somebody else follows the progress in the portal.

A push device fetches an ENROLL command with its next poll; a pull device is asked by the bridge at once. The bridge
reports the steps under the id of the command or session. The template arrives as an upload; only that completes a
capture.
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
from tenant_stack.views import view_of

OPEN_STATES = ("asked", "sent", "started", "touch")
FETCH_SECONDS = 120
"""Seconds beyond its own time limit that a capture waits for the device to fetch it and to answer."""

MARK_EXPIRED = sa.text("""
UPDATE enrolment_sessions SET state = 'timed_out', finished_at = now(), updated_at = now(), message = CASE
    WHEN state = 'asked' THEN 'The clock did not fetch the request in time' ELSE 'Nobody finished in time' END
WHERE state IN ('asked', 'sent', 'started', 'touch') AND expires_at < now()
RETURNING id, state, message, command_id
""")
CANCEL_COMMANDS = sa.text("""
UPDATE device_commands SET state = 'cancelled', finished_at = now()
WHERE id = ANY(CAST(:ids AS bigint[])) AND state = 'queued'
""")
# Results of commands whose capture the bridge has not reported on.
COMMAND_STATES = sa.text("""
SELECT s.id, c.state, c.result_code, c.result_text FROM enrolment_sessions s
JOIN device_commands c ON c.id = s.command_id
WHERE (s.state = 'asked' AND c.state = 'sent')
   OR (s.state IN ('asked', 'sent', 'started', 'touch') AND c.state = 'failed')
""")
MARK_DISTRIBUTED = sa.text("""
UPDATE enrolment_sessions s SET state = 'distributed', finished_at = now(), updated_at = now()
WHERE s.state = 'stored' AND s.template_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM device_templates c WHERE c.template_id = s.template_id
                  AND c.state IN ('pending', 'sent', 'removing'))
RETURNING s.id
""")


async def start_capture(
    session: AsyncSession, actor: Actor, staff_id: UUID, wanted: RemoteEnrolmentIn
) -> EnrolmentSession:
    """Start a capture at a device. A person who is not enrolled on the device is enrolled first.

    `Conflict`: ``consent_missing``, ``device_not_trusted``, ``device_busy`` (one at a time), ``staff_inactive``.
    """
    device = await _require_capturable(session, staff_id, wanted)
    name = device.name  # a failed savepoint expires the row
    pin = await _find_pin(session, staff_id, device.id)
    if pin is None:
        await enroll(session, actor, staff_id, [device.id], None)
        await session.refresh(device)  # enrolling expires all rows
        pin = await _find_pin(session, staff_id, device.id)
    assert pin is not None
    row = EnrolmentSession(
        staff_id=staff_id,
        device_id=device.id,
        pin=pin,
        template_type=wanted.template_type,
        finger_index=wanted.finger_index,
        seconds=wanted.seconds,
        requested_by=actor.label[:200],
        expires_at=utc_now() + timedelta(seconds=wanted.seconds + FETCH_SECONDS),
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
    if device.connection == "push":
        row.command_id = await queue(
            session,
            device.id,
            CommandKind.ENROLL,
            target=_template_name(row),
            overwrite=wanted.overwrite,
            requested_by=actor.label,
        )
    _add_step(session, row.id, "asked", message=f"{actor.label} asked {name}")
    after: dict[str, object] = {
        "device_serial": device.device_serial,
        "template_type": wanted.template_type,
        "finger_index": wanted.finger_index,
    }
    audited(session, actor, "staff.enroll_remotely", "staff", staff_id, after=after)
    await session.flush()
    return row


async def _require_capturable(session: AsyncSession, staff_id: UUID, wanted: RemoteEnrolmentIn) -> Device:
    """The device, if the person may give this template there."""
    person = await get_staff(session, staff_id)
    if not person.active:
        raise Conflict("staff_inactive", f"{person.name} is inactive")
    await require_consent(session, staff_id, person.name)
    device = await session.get(Device, wanted.device_id)
    if device is None or device.approved_at is None:
        raise Invalid("unknown_device", "There is no such approved clock", field="biometric.device_id")
    if why := trust.why_not(device, "template"):
        raise Conflict("device_not_trusted", why, field="biometric.device_id")
    if device.connection == "pull" and wanted.template_type != "FINGERPRINT":
        raise Invalid("not_here", "This clock can be asked for fingers only", field="biometric.template_type")
    return device


async def _find_pin(session: AsyncSession, staff_id: UUID, device_id: UUID) -> str | None:
    return await session.scalar(
        sa.select(DeviceEnrollment.pin).where(
            DeviceEnrollment.staff_id == staff_id,
            DeviceEnrollment.device_id == device_id,
            DeviceEnrollment.status.in_(["enrolled", "pending"]),
        )
    )


def _template_name(row: EnrolmentSession) -> TemplateName:
    return TemplateName(pin=row.pin, template_type=TemplateType(row.template_type), template_index=row.finger_index)


async def cancel_capture(session: AsyncSession, actor: Actor, session_id: UUID) -> EnrolmentSession:
    """Cancel a capture; `Conflict` when it is over. A command that the device has not fetched is never sent."""
    row = await session.get(EnrolmentSession, session_id, with_for_update=True)
    if row is None:
        raise NotFound("enrolment_not_found", "There is no such capture")
    if row.state not in OPEN_STATES:
        raise Conflict("enrolment_over", "This capture is over already")
    if row.command_id is not None:
        await session.execute(CANCEL_COMMANDS, {"ids": [row.command_id]})
    _finish(session, row, "cancelled", f"{actor.label} cancelled it")
    audited(session, actor, "enrolment.cancel", "enrolment", row.id)
    await session.flush()
    return row


async def record_progress(session: AsyncSession, device_id: UUID, progress: EnrolmentStep) -> UUID | None:
    """Record a step that the bridge reports; returns the session. Unknown and finished sessions are ignored."""
    query = sa.select(EnrolmentSession).where(EnrolmentSession.device_id == device_id).with_for_update()
    if progress.enrolment.isascii() and progress.enrolment.isdigit():
        query = query.where(EnrolmentSession.command_id == int(progress.enrolment))
    else:
        try:
            query = query.where(EnrolmentSession.id == UUID(progress.enrolment))
        except ValueError:
            return None
    row = await session.scalar(query)
    if row is None or row.state not in OPEN_STATES:
        return None
    message = printable(progress.message)[:300]
    if progress.step == "failed" and await _command_pending(session, row):
        # A device that does not know the person yet is sent the user first and asked again: the command decides.
        row.message = message
    elif progress.step in {"failed", "cancelled"}:
        _finish(session, row, progress.step, message)
    else:
        row.state, row.touch, row.message = progress.step, max(row.touch, progress.touch), message
        _add_step(session, row.id, progress.step, touch=progress.touch, message=message)
    await session.flush()
    return row.id


async def record_arrivals(session: AsyncSession, device_id: UUID) -> list[UUID]:
    """Mark the sessions whose template was uploaded as stored, whatever the bridge reported; returns their ids."""
    rows = await session.scalars(
        sa.select(EnrolmentSession)
        .where(
            EnrolmentSession.device_id == device_id,
            EnrolmentSession.template_id.is_not(None),
            EnrolmentSession.state.in_([*OPEN_STATES, "stored"]),
        )
        .with_for_update()
    )
    changed: list[UUID] = []
    for row in rows:
        if row.state != "stored":
            row.state, row.message = "stored", ""
            _add_step(session, row.id, "stored", message="The template has arrived")
        changed.append(row.id)
    await session.flush()
    return changed


async def update_open_captures(session: AsyncSession) -> list[UUID]:
    """Apply command results, time limits and finished distribution to sessions; returns those that changed."""
    changed: list[UUID] = []
    for fact in list(await session.execute(COMMAND_STATES)):
        row = await session.get_one(EnrolmentSession, fact.id, with_for_update=True)
        if fact.state == "sent":
            row.state = "sent"
            _add_step(session, row.id, "sent", message="The clock has fetched the request")
        else:
            _finish(session, row, "failed", row.message or fact.result_text or "The clock refused")
        changed.append(row.id)
    expired = list(await session.execute(MARK_EXPIRED))
    for each in expired:
        _add_step(session, each.id, each.state, message=each.message)
        changed.append(each.id)
    await session.execute(CANCEL_COMMANDS, {"ids": [each.command_id for each in expired if each.command_id]})
    for done in list(await session.scalars(MARK_DISTRIBUTED)):
        _add_step(session, done, "distributed", message="Every clock of the person has answered")
        changed.append(done)
    await session.flush()
    return changed


async def lease_pull_captures(session: AsyncSession) -> list[UUID]:
    """Mark the captures that the bridge can start (the person is on the pull device) as sent; returns their ids."""
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
    leased = []
    for row in list(rows):
        row.state = "sent"
        _add_step(session, row.id, "sent", message="The clock is being asked")
        leased.append(row.id)
    return leased


async def read_pull_target(
    session: AsyncSession, session_id: UUID, *, still_open: bool = True
) -> tuple[str, TemplateName, int] | None:
    """Serial, template name and time limit (seconds) of a capture at a pull device; None when there is none."""
    found = (
        await session.execute(
            sa.select(EnrolmentSession, Device.device_serial)
            .join(Device, Device.id == EnrolmentSession.device_id)
            .where(EnrolmentSession.id == session_id, Device.connection == "pull")
        )
    ).one_or_none()
    if found is None or (still_open and found[0].state not in OPEN_STATES):
        return None
    row, serial = found
    return serial, _template_name(row), row.seconds


async def _command_pending(session: AsyncSession, row: EnrolmentSession) -> bool:
    if row.command_id is None:
        return False
    state = await session.scalar(sa.select(DeviceCommand.state).where(DeviceCommand.id == row.command_id))
    return state in {"queued", "sent"}


async def fail_capture(session: AsyncSession, session_id: UUID, message: str) -> bool:
    """The bridge could not start it; returns whether the session changed."""
    row = await session.get(EnrolmentSession, session_id, with_for_update=True)
    if row is None or row.state not in OPEN_STATES:
        return False
    _finish(session, row, "failed", message)
    return True


def _finish(session: AsyncSession, row: EnrolmentSession, state: str, message: str) -> None:
    row.state, row.message, row.finished_at = state, message[:300], utc_now()
    _add_step(session, row.id, state, message=message)


def _add_step(session: AsyncSession, session_id: UUID, step: str, *, touch: int = 0, message: str = "") -> None:
    session.add(EnrolmentStepRow(session_id=session_id, step=step, touch=touch, message=message[:300]))


def _query() -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(EnrolmentSession, Staff.name, Device.name, Device.zone)
        .join(Staff, Staff.id == EnrolmentSession.staff_id)
        .join(Device, Device.id == EnrolmentSession.device_id)
    )


async def read_capture(session: AsyncSession, session_id: UUID) -> EnrolmentView:
    """One capture with its steps; `NotFound` when there is none."""
    row = (await session.execute(_query().where(EnrolmentSession.id == session_id))).one_or_none()
    if row is None:
        raise NotFound("enrolment_not_found", "There is no such capture")
    return (await _views(session, [row]))[0]


async def list_captures(session: AsyncSession, page: PageRequest, *, staff_id: UUID | None) -> Page[EnrolmentView]:
    """Remote captures, newest first."""
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
        steps.setdefault(step.session_id, []).append(view_of(EnrolmentStepView, step))
    copies = await read_copies(session, [row[0].template_id for row in rows if row[0].template_id])
    return [
        view_of(
            EnrolmentView,
            row,
            staff_name=staff_name,
            device_name=device_name,
            zone=zone,
            open=row.state in OPEN_STATES,
            steps=steps.get(row.id, []),
            copies=copies.get(row.template_id, []),
        )
        for row, staff_name, device_name, zone, *_ in rows
    ]

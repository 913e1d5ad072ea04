"""Templates that a clock reported: encrypted before the first INSERT, never believed more than the clock is trusted.

* Nobody's PIN, no consent, or a clock that is trusted with punches only: quarantined, encrypted, sent nowhere.
* The same bytes as we hold: the clock's copy is confirmed (this is also how what we wrote there is read back).
* Other bytes than we hold: taken as a new capture only from a trusted clock that is known to have had ours, or during
  an enrolment at a distance there. Anything else keeps ours, so that clocks can't overwrite one another in turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.contracts.bridge import BatchResult, Template, TemplateBatch
from foundation.database import server_now
from tenant_stack.biometrics.consent import consenting
from tenant_stack.biometrics.distribution import distribute
from tenant_stack.biometrics.template_encryption import (
    Place,
    Sealer,
    Unsealed,
    note_access,
    place_of,
    report_unreadable,
)
from tenant_stack.devices import trust
from tenant_stack.people.enrollments.pin_matches import match_pins
from tenant_stack.pins import normal_pin
from tenant_stack.tables.base import audited
from tenant_stack.tables.biometrics import BiometricTemplate, DeviceTemplate, EnrolmentSession
from tenant_stack.tables.devices import Device

NEW_IDS = sa.text("SELECT uuidv7() FROM generate_series(1, CAST(:count AS integer))")
COPY = sa.text("""
INSERT INTO device_templates (device_id, template_id, pin, state, revision, confirmed_at)
SELECT CAST(:device AS uuid), t.id, t.pin, 'confirmed', t.revision, now()
FROM unnest(CAST(:ids AS uuid[]), CAST(:pins AS text[]), CAST(:revisions AS integer[])) AS t(id, pin, revision)
ORDER BY t.id
ON CONFLICT (device_id, template_id) DO UPDATE SET
    state = 'confirmed', revision = excluded.revision, pin = excluded.pin, message = '', confirmed_at = now(),
    command_id = NULL, updated_at = now()
WHERE device_templates.state NOT IN ('removing', 'removed')
""")
DIFFERS = "What the clock holds is not what was sent to it"
MISREAD = sa.text("""
UPDATE device_templates SET state = 'refused', message = :message, updated_at = now()
WHERE device_id = :device AND template_id = ANY(CAST(:ids AS uuid[])) AND state = 'written'
""")
LEAVING = sa.text("""
SELECT c.pin, t.template_type, t.finger_index FROM device_templates c
JOIN biometric_templates t ON t.id = c.template_id WHERE c.device_id = :device AND c.state = 'removing'
""")

Key = tuple[UUID | str, str, int, int, str]
OPEN = ("asked", "sent", "started", "touch")


@dataclass
class _Sorted:
    """What becomes of each reported template."""

    new: list[tuple[Template, str, UUID | None, str]] = field(default_factory=list)
    changed: list[tuple[BiometricTemplate, Template, str]] = field(default_factory=list)
    same: list[tuple[BiometricTemplate, str]] = field(default_factory=list)
    misread: list[UUID] = field(default_factory=list)
    held: int = 0
    kept: int = 0


async def take_templates(session: AsyncSession, sealer: Sealer, device: Device, batch: TemplateBatch) -> BatchResult:
    """Keep what a clock reported; ``stored`` are new captures of people who agreed."""
    reported = _latest(batch.templates)
    owners = await match_pins(session, device.id, sorted({pin for pin, *_ in reported}))
    known = await _known(session, device.id, owners, reported)
    rows = list(known.values())
    held_data = await sealer.open(rows)
    data_of = {row.id: data for row, data in zip(rows, held_data, strict=True)}
    actor = Actor("device", str(device.id), f"{device.name} ({device.device_serial})", batch.source_address)
    note_access(session, rows, "compared", actor=actor, device_id=device.id)
    await report_unreadable(session, [row for row in rows if data_of[row.id] is None])
    agreed = await consenting(session, sorted(set(owners.values())))
    trusted = trust.may_receive(device, "template")
    sorting = _Sorted()
    copies = await _copies(session, device.id, rows)
    sessions = await _sessions(session, device.id)
    leaving = {tuple(row) for row in await session.execute(LEAVING, {"device": device.id})}
    for (pin, kind, index, _, _), template in reported.items():
        owner = owners.get(pin)
        row = known.get(_key(owner or pin, template))
        asked = owner is not None and (owner, kind, index) in sessions
        if template.valid == 0 or (pin, kind, index) in leaving:
            sorting.held += 1
        elif row is None:
            active = owner in agreed and trusted
            sorting.new.append((template, pin, owner, "active" if active else "quarantined"))
        elif data_of[row.id] == template.template_data and row.valid == template.valid:
            sorting.same.append((row, pin))
        elif data_of[row.id] is None:
            sorting.held += 1
        else:
            _differing(sorting, row, template, pin, copies.get(row.id), trusted=trusted, asked=asked)
    await _store(session, sealer, device, sorting, sessions, actor)
    received = len(batch.templates) + len(batch.rejected)
    stored = sum(state == "active" for *_, state in sorting.new) + len(sorting.changed)
    quarantined = sum(state == "quarantined" for *_, state in sorting.new) + sorting.held + len(batch.rejected)
    await distribute(session, list(owners.values()))
    return BatchResult(
        received=received, stored=stored, duplicate=received - stored - quarantined, quarantined=quarantined
    )


def _differing(
    sorting: _Sorted,
    row: BiometricTemplate,
    template: Template,
    pin: str,
    copy: DeviceTemplate | None,
    *,
    trusted: bool,
    asked: bool,
) -> None:
    had_ours = copy is not None and copy.state == "confirmed" and copy.revision == row.revision
    if (trusted and (had_ours or asked)) or (row.state == "quarantined" and had_ours):
        sorting.changed.append((row, template, pin))
    elif copy is not None and copy.state == "written":
        sorting.misread.append(row.id)
        sorting.held += 1
    elif trusted:
        sorting.kept += 1
    else:
        sorting.held += 1


async def _store(
    session: AsyncSession,
    sealer: Sealer,
    device: Device,
    sorting: _Sorted,
    sessions: dict[tuple[UUID, str, int], EnrolmentSession],
    actor: Actor,
) -> None:
    ids = list(await session.scalars(NEW_IDS, {"count": len(sorting.new)}))
    unsealed = [
        Unsealed(
            Place(new_id, owner, each.template_type.value, each.template_index, each.template_format),
            each.template_data,
        )
        for new_id, (each, _, owner, _) in zip(ids, sorting.new, strict=True)
    ]
    unsealed.extend(Unsealed(place_of(row), each.template_data) for row, each, _ in sorting.changed)
    sealed = await sealer.seal(unsealed)
    fresh: list[BiometricTemplate] = []
    for new_id, cipher, (each, pin, owner, state) in zip(ids, sealed[: len(ids)], sorting.new, strict=True):
        asked = owner is not None and (owner, each.template_type.value, each.template_index) in sessions
        row = BiometricTemplate(
            id=new_id,
            staff_id=owner,
            template_type=each.template_type.value,
            template_format=each.template_format,
            template_data=cipher.text,
            key_version=cipher.version,
            finger_index=each.template_index,
            part=each.part,
            valid=each.valid,
            state=state,
            origin="enrolment" if asked else "walk_up",
            origin_device_id=device.id,
            origin_pin=pin,
            revision=1,
        )
        session.add(row)
        fresh.append(row)
    for cipher, (row, each, pin) in zip(sealed[len(ids) :], sorting.changed, strict=True):
        row.template_data, row.key_version, row.valid = cipher.text, cipher.version, each.valid
        row.revision += 1
        row.origin_device_id, row.origin_pin, row.captured_at = device.id, pin, server_now()
        row.quality_score = None
        audited(session, actor, "template.recapture", "template", row.id, after=_facts(row, device))
    await session.flush()
    for row in fresh:
        audited(session, actor, f"template.{row.state}", "template", row.id, after=_facts(row, device))
    written = [*fresh, *(row for row, _, _ in sorting.changed)]
    note_access(session, written, "stored", actor=actor, device_id=device.id)
    here = [(row, row.origin_pin or "") for row in written] + sorting.same
    values = {
        "ids": [row.id for row, _ in here],
        "pins": [pin for _, pin in here],
        "revisions": [row.revision for row, _ in here],
    }
    await session.execute(COPY, {"device": device.id, **values})
    await session.execute(MISREAD, {"device": device.id, "ids": sorting.misread, "message": DIFFERS})
    for row, _ in here:
        if row.staff_id and (found := sessions.get((row.staff_id, row.template_type, row.finger_index))):
            found.template_id = row.id


def _facts(row: BiometricTemplate, device: Device) -> dict[str, object]:
    return {
        "staff_id": str(row.staff_id) if row.staff_id else None,
        "template_type": row.template_type,
        "finger_index": row.finger_index,
        "template_format": row.template_format,
        "device_serial": device.device_serial,
        "state": row.state,
    }


def _latest(templates: Sequence[Template]) -> dict[tuple[str, str, int, int, str], Template]:
    """By PIN, type, index, part and format; a later line of the same batch replaces an earlier one."""
    return {
        (pin, each.template_type.value, each.template_index, each.part, each.template_format): each
        for each in templates
        if (pin := normal_pin(each.pin))
    }


def _key(owner: UUID | str, template: Template) -> Key:
    return (owner, template.template_type.value, template.template_index, template.part, template.template_format)


async def _known(
    session: AsyncSession,
    device_id: UUID,
    owners: dict[str, UUID],
    reported: dict[tuple[str, str, int, int, str], Template],
) -> dict[Key, BiometricTemplate]:
    pins = sorted({pin for pin, *_ in reported if pin not in owners})
    rows = await session.scalars(
        sa.select(BiometricTemplate)
        .where(
            BiometricTemplate.state != "revoked",
            sa.or_(
                BiometricTemplate.staff_id.in_(sorted(set(owners.values()))),
                sa.and_(
                    BiometricTemplate.staff_id.is_(None),
                    BiometricTemplate.origin_device_id == device_id,
                    BiometricTemplate.origin_pin.in_(pins),
                ),
            ),
        )
        .order_by(BiometricTemplate.id)
        .with_for_update()
    )
    wanted = {_key(owners.get(pin, pin), each) for (pin, *_), each in reported.items()}
    found = {
        (row.staff_id or row.origin_pin or "", row.template_type, row.finger_index, row.part, row.template_format): row
        for row in rows
    }
    return {key: row for key, row in found.items() if key in wanted}


async def _copies(
    session: AsyncSession, device_id: UUID, rows: Sequence[BiometricTemplate]
) -> dict[UUID, DeviceTemplate]:
    found = await session.scalars(
        sa.select(DeviceTemplate).where(
            DeviceTemplate.device_id == device_id, DeviceTemplate.template_id.in_([row.id for row in rows])
        )
    )
    return {copy.template_id: copy for copy in found}


async def _sessions(session: AsyncSession, device_id: UUID) -> dict[tuple[UUID, str, int], EnrolmentSession]:
    """The enrolment that is under way on this clock; one that has just ended still takes its template."""
    found = await session.scalars(
        sa.select(EnrolmentSession)
        .where(
            EnrolmentSession.device_id == device_id,
            sa.or_(
                EnrolmentSession.state.in_(OPEN),
                sa.and_(
                    EnrolmentSession.state == "stored",
                    EnrolmentSession.template_id.is_(None),
                ),
            ),
        )
        .order_by(EnrolmentSession.id)
    )
    return {(each.staff_id, each.template_type, each.finger_index): each for each in found}

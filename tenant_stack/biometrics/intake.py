"""Storage of the templates that devices report: encrypted before the first INSERT, trusted no more than the device.

* Unknown PIN, no consent, or a device that is trusted with punches only: quarantined, encrypted, distributed nowhere.
* The same bytes as stored: the copy on the device is confirmed (a written template is read back in this way).
* Other bytes than stored: accepted as a new capture only from a trusted device whose copy was confirmed, or during a
  remote capture there. Otherwise the stored template stays, so that devices cannot overwrite one another in turn.
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
from tenant_stack.biometrics.consent import find_consenting
from tenant_stack.biometrics.distribution import distribute
from tenant_stack.biometrics.template_encryption import (
    PlainTemplate,
    TemplateCipher,
    context_of,
    record_access,
    report_unreadable,
)
from tenant_stack.devices import trust
from tenant_stack.people.enrollments.pin_matches import match_pins
from tenant_stack.pins import normal_pin
from tenant_stack.tables.base import audited
from tenant_stack.tables.biometrics import BiometricTemplate, DeviceTemplate, EnrolmentSession
from tenant_stack.tables.devices import Device

NEW_IDS = sa.text("SELECT uuidv7() FROM generate_series(1, CAST(:count AS integer))")
UPSERT_COPIES = sa.text("""
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
MARK_MISMATCHES = sa.text("""
UPDATE device_templates SET state = 'refused', message = :message, updated_at = now()
WHERE device_id = :device AND template_id = ANY(CAST(:ids AS uuid[])) AND state = 'written'
""")
REMOVALS = sa.text("""
SELECT c.pin, t.template_type, t.finger_index FROM device_templates c
JOIN biometric_templates t ON t.id = c.template_id WHERE c.device_id = :device AND c.state = 'removing'
""")

Key = tuple[UUID | str, str, int, int, str]
OPEN_STATES = ("asked", "sent", "started", "touch")


@dataclass(frozen=True)
class _Upload:
    """One batch with what is known of its device and people. ``captures``: sessions by owner, type and index."""

    device: Device
    actor: Actor
    trusted: bool
    consenting: set[UUID]
    captures: dict[tuple[UUID, str, int], EnrolmentSession]

    def capture_of(self, owner: UUID | None, template_type: str, index: int) -> EnrolmentSession | None:
        return self.captures.get((owner, template_type, index)) if owner is not None else None


@dataclass
class _Classified:
    """What is done with each reported template; ``quarantined`` counts those that are not stored, too."""

    new: list[tuple[Template, str, UUID | None, str]] = field(default_factory=list)
    changed: list[tuple[BiometricTemplate, Template, str]] = field(default_factory=list)
    same: list[tuple[BiometricTemplate, str]] = field(default_factory=list)
    mismatched: list[UUID] = field(default_factory=list)
    quarantined: int = 0


async def store_reported_templates(
    session: AsyncSession, cipher: TemplateCipher, device: Device, batch: TemplateBatch
) -> BatchResult:
    """Store what a device reported; ``stored`` counts new captures of people with consent."""
    reported = _latest(batch.templates)
    owners = await match_pins(session, device.id, sorted({pin for pin, *_ in reported}))
    known = await _known(session, device.id, owners, reported)
    rows = list(known.values())
    plain = {row.id: data for row, data in zip(rows, await cipher.decrypt(rows), strict=True)}
    actor = Actor("device", str(device.id), f"{device.name} ({device.device_serial})", batch.source_address)
    record_access(session, rows, "compared", actor=actor, device_id=device.id)
    await report_unreadable(session, [row for row in rows if plain[row.id] is None])
    upload = _Upload(
        device,
        actor,
        trusted=trust.may_receive(device, "template"),
        consenting=await find_consenting(session, sorted(set(owners.values()))),
        captures=await _open_captures(session, device.id),
    )
    classified = _Classified(quarantined=len(batch.rejected))
    copies = await _copies(session, device.id, rows)
    removals = {tuple(row) for row in await session.execute(REMOVALS, {"device": device.id})}
    for (pin, kind, index, _, _), template in reported.items():
        owner = owners.get(pin)
        row = known.get(_key(owner or pin, template))
        if template.valid == 0 or (pin, kind, index) in removals or (row is not None and plain[row.id] is None):
            classified.quarantined += 1
        elif row is None:
            active = owner in upload.consenting and upload.trusted
            classified.new.append((template, pin, owner, "active" if active else "quarantined"))
            classified.quarantined += not active
        elif plain[row.id] == template.template_data and row.valid == template.valid:
            classified.same.append((row, pin))
        else:
            _classify_changed(classified, upload, row, copies.get(row.id), template, pin)
    await _write(session, cipher, upload, classified)
    await distribute(session, list(owners.values()))
    received, quarantined = len(batch.templates) + len(batch.rejected), classified.quarantined
    stored = sum(state == "active" for *_, state in classified.new) + len(classified.changed)
    return BatchResult(
        received=received, stored=stored, duplicate=received - stored - quarantined, quarantined=quarantined
    )


def _classify_changed(
    classified: _Classified,
    upload: _Upload,
    row: BiometricTemplate,
    copy: DeviceTemplate | None,
    template: Template,
    pin: str,
) -> None:
    confirmed = copy is not None and copy.state == "confirmed" and copy.revision == row.revision
    requested = upload.capture_of(row.staff_id, row.template_type, row.finger_index) is not None
    if (upload.trusted and (confirmed or requested)) or (row.state == "quarantined" and confirmed):
        classified.changed.append((row, template, pin))
    elif copy is not None and copy.state == "written":
        classified.mismatched.append(row.id)
        classified.quarantined += 1
    elif not upload.trusted:
        classified.quarantined += 1


async def _write(session: AsyncSession, cipher: TemplateCipher, upload: _Upload, classified: _Classified) -> None:
    device, actor = upload.device, upload.actor
    ids = list(await session.scalars(NEW_IDS, {"count": len(classified.new)}))
    new = [
        BiometricTemplate(
            id=new_id,
            staff_id=owner,
            template_type=each.template_type.value,
            template_format=each.template_format,
            finger_index=each.template_index,
            part=each.part,
            state=state,
            origin="enrolment"
            if upload.capture_of(owner, each.template_type.value, each.template_index)
            else "walk_up",
            revision=0,
        )
        for new_id, (each, _, owner, state) in zip(ids, classified.new, strict=True)
    ]
    written = [(row, each, pin) for row, (each, pin, _, _) in zip(new, classified.new, strict=True)]
    written += classified.changed
    sealed = await cipher.encrypt([PlainTemplate(context_of(row), each.template_data) for row, each, _ in written])
    for ciphertext, (row, each, pin) in zip(sealed, written, strict=True):
        row.template_data, row.key_version, row.valid = ciphertext.text, ciphertext.version, each.valid
        row.revision += 1
        row.origin_device_id, row.origin_pin, row.captured_at = device.id, pin, server_now()
        row.quality_score = None
    session.add_all(new)
    await session.flush()
    for row, _, _ in classified.changed:
        audited(session, actor, "template.recapture", "template", row.id, after=_audit_fields(row, device))
    for row in new:
        audited(session, actor, f"template.{row.state}", "template", row.id, after=_audit_fields(row, device))
    record_access(session, [row for row, _, _ in written], "stored", actor=actor, device_id=device.id)
    here = [(row, pin) for row, _, pin in written] + classified.same
    values = {
        "ids": [row.id for row, _ in here],
        "pins": [pin for _, pin in here],
        "revisions": [row.revision for row, _ in here],
    }
    await session.execute(UPSERT_COPIES, {"device": device.id, **values})
    await session.execute(MARK_MISMATCHES, {"device": device.id, "ids": classified.mismatched, "message": DIFFERS})
    for row, _ in here:
        if found := upload.capture_of(row.staff_id, row.template_type, row.finger_index):
            found.template_id = row.id


def _audit_fields(row: BiometricTemplate, device: Device) -> dict[str, object]:
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


async def _open_captures(session: AsyncSession, device_id: UUID) -> dict[tuple[UUID, str, int], EnrolmentSession]:
    """The capture in progress on this device; one that has just ended still receives its template."""
    found = await session.scalars(
        sa.select(EnrolmentSession)
        .where(
            EnrolmentSession.device_id == device_id,
            sa.or_(
                EnrolmentSession.state.in_(OPEN_STATES),
                sa.and_(
                    EnrolmentSession.state == "stored",
                    EnrolmentSession.template_id.is_(None),
                ),
            ),
        )
        .order_by(EnrolmentSession.id)
    )
    return {(each.staff_id, each.template_type, each.finger_index): each for each in found}

"""Templates as people see them: metadata, where they are, who touched them. No function here returns a template."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.database import server_now
from foundation.errors import Conflict, Invalid, NotFound
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.biometrics.consent import require_consent
from tenant_stack.biometrics.distribution import distribute
from tenant_stack.biometrics.schemas import (
    AccessView,
    BiometricSettings,
    BiometricView,
    CopyView,
    QuarantinedView,
    TemplateIn,
)
from tenant_stack.biometrics.template_encryption import Place, Sealer, Unsealed, note_access
from tenant_stack.people.staff.service import get_staff
from tenant_stack.tables.base import audited
from tenant_stack.tables.biometrics import BiometricAccess, BiometricTemplate, DeviceTemplate
from tenant_stack.tables.devices import Device
from tenant_stack.tables.schedules import OrganisationSetting
from tenant_stack.tables.staff import Staff

SETTING = "biometrics"


async def read_settings(session: AsyncSession) -> BiometricSettings:
    """The organisation's periods, the defaults where nothing was entered."""
    value = await session.scalar(sa.select(OrganisationSetting.value).where(OrganisationSetting.key == SETTING))
    return BiometricSettings() if value is None else BiometricSettings.model_validate(value)


async def change_settings(session: AsyncSession, actor: Actor, entered: BiometricSettings) -> BiometricSettings:
    before = await read_settings(session)
    row = insert(OrganisationSetting).values(key=SETTING, value=entered.model_dump())
    await session.execute(row.on_conflict_do_update(index_elements=["key"], set_={"value": row.excluded.value}))
    if entered != before:
        facts = {"before": dict(before.model_dump()), "after": dict(entered.model_dump())}
        audited(session, actor, "settings.update", "settings", SETTING, before=facts["before"], after=facts["after"])
    return entered


async def list_templates(session: AsyncSession, staff_id: UUID) -> list[BiometricView]:
    """What is known of a person's templates, those in use first; `NotFound` when there is no such person."""
    if await session.get(Staff, staff_id) is None:
        raise NotFound("staff_not_found", "There is no such person")
    rows = await session.execute(
        sa.select(BiometricTemplate, Device.name)
        .outerjoin(Device, Device.id == BiometricTemplate.origin_device_id)
        .where(BiometricTemplate.staff_id == staff_id)
        .order_by(
            BiometricTemplate.state == "revoked",
            BiometricTemplate.template_type,
            BiometricTemplate.finger_index,
            BiometricTemplate.part,
            BiometricTemplate.id,
        )
        .limit(500)
    )
    found = [(row, name) for row, name in rows]
    copies = await read_copies(session, [row.id for row, _ in found])
    return [_view(row, name, copies.get(row.id, [])) for row, name in found]


async def read_copies(session: AsyncSession, template_ids: Sequence[UUID]) -> dict[UUID, list[CopyView]]:
    """Where these templates are."""
    rows = await session.execute(
        sa.select(DeviceTemplate, Device.name)
        .join(Device, Device.id == DeviceTemplate.device_id)
        .where(DeviceTemplate.template_id.in_(template_ids))
        .order_by(Device.name, Device.id)
    )
    copies: dict[UUID, list[CopyView]] = {}
    for copy, name in rows:
        view = CopyView(
            device_id=copy.device_id,
            device_name=name,
            state=copy.state,
            message=copy.message,
            confirmed_at=copy.confirmed_at,
        )
        copies.setdefault(copy.template_id, []).append(view)
    return copies


def _view(row: BiometricTemplate, device_name: str | None, copies: list[CopyView]) -> BiometricView:
    return BiometricView(
        id=row.id,
        template_type=row.template_type,
        template_format=row.template_format,
        finger_index=row.finger_index,
        part=row.part,
        quality_score=row.quality_score,
        duress=row.valid == 3,
        state=row.state,
        unreadable=row.unreadable_at is not None and row.state != "revoked",
        origin=row.origin,
        origin_device_name=device_name,
        key_version=row.key_version,
        captured_at=row.captured_at,
        created_at=row.created_at,
        erased_at=row.erased_at,
        erased_because=row.erased_because,
        copies=copies,
    )


async def create_template(
    session: AsyncSession, sealer: Sealer, actor: Actor, staff_id: UUID, entered: TemplateIn
) -> BiometricView:
    """Keep a template from elsewhere, encrypted, and send it to the person's clocks.

    One that is there for the same finger and format is replaced. `Conflict` ``consent_missing`` without consent.
    """
    person = await get_staff(session, staff_id)
    if not person.active:
        raise Conflict("staff_inactive", f"{person.name} is inactive")
    _check(entered)
    await require_consent(session, staff_id, person.name)
    index = entered.finger_index or 0
    row = await session.scalar(
        sa.select(BiometricTemplate)
        .where(
            BiometricTemplate.staff_id == staff_id,
            BiometricTemplate.template_type == entered.template_type,
            BiometricTemplate.finger_index == index,
            BiometricTemplate.part == entered.part,
            BiometricTemplate.template_format == entered.template_format,
            BiometricTemplate.state != "revoked",
        )
        .with_for_update()
    )
    template_id = row.id if row else (await session.scalars(sa.text("SELECT uuidv7()"))).one()
    place = Place(template_id, staff_id, entered.template_type, index, entered.template_format)
    (sealed,) = await sealer.seal([Unsealed(place, entered.template_data)])
    if row is None:
        row = BiometricTemplate(
            id=template_id,
            staff_id=staff_id,
            template_type=entered.template_type,
            template_format=entered.template_format,
            finger_index=index,
            part=entered.part,
            state="active",
            origin="entered",
            revision=0,
        )
        session.add(row)
    row.template_data, row.key_version, row.quality_score = sealed.text, sealed.version, entered.quality_score
    row.valid, row.state, row.origin, row.revision = 3 if entered.duress else 1, "active", "entered", row.revision + 1
    row.unreadable_at, row.captured_at, row.origin_device_id = None, server_now(), None
    await session.flush()
    note_access(session, [row], "stored", actor=actor)
    after: dict[str, object] = {
        "staff_id": str(staff_id),
        "template_type": entered.template_type,
        "finger_index": index,
        "template_format": entered.template_format,
        "quality_score": entered.quality_score,
    }
    audited(session, actor, "template.create", "template", row.id, after=after)
    await distribute(session, [staff_id])
    return next(view for view in await list_templates(session, staff_id) if view.id == template_id)


def _check(entered: TemplateIn) -> None:
    if entered.template_type == "FINGERPRINT" and entered.finger_index is None:
        raise Invalid("finger_index_missing", "Say which finger it is, 0 to 9", field="finger_index")
    if entered.template_type != "FACE" and entered.part:
        raise Invalid("part_of_one", "Only a face has several parts", field="part")
    try:
        base64.b64decode(entered.template_data, validate=True)
    except binascii.Error:
        raise Invalid("not_base64", "The template is not valid Base64", field="template_data") from None


async def list_access(
    session: AsyncSession, page: PageRequest, *, staff_id: UUID | None, template_id: UUID | None, purpose: str | None
) -> Page[AccessView]:
    """Every access to templates, the newest first."""
    query = (
        sa.select(BiometricAccess, Staff.name, Device.name)
        .outerjoin(Staff, Staff.id == BiometricAccess.staff_id)
        .outerjoin(Device, Device.id == BiometricAccess.device_id)
    )
    if staff_id is not None:
        query = query.where(BiometricAccess.staff_id == staff_id)
    if template_id is not None:
        query = query.where(BiometricAccess.template_id == template_id)
    if purpose is not None:
        query = query.where(BiometricAccess.purpose == purpose)
    order = [BiometricAccess.__table__.c.id]
    rows, cursor, total = await paginate(session, query, page, order=order, descending=True)
    items = [
        AccessView(
            id=row[0].id,
            at=row[0].at,
            template_id=row[0].template_id,
            staff_id=row[0].staff_id,
            staff_name=row[1],
            device_id=row[0].device_id,
            device_name=row[2],
            purpose=row[0].purpose,
            actor_kind=row[0].actor_kind,
            actor_label=row[0].actor_label,
        )
        for row in rows
    ]
    return Page(items=items, next_cursor=cursor, total=total)


async def list_quarantined(session: AsyncSession, page: PageRequest) -> Page[QuarantinedView]:
    """Templates that came unasked and are used nowhere, with what they wait for."""
    days = (await read_settings(session)).walk_up_days
    query = (
        sa.select(BiometricTemplate, Staff.name, Device.name, Device.trust)
        .outerjoin(Staff, Staff.id == BiometricTemplate.staff_id)
        .outerjoin(Device, Device.id == BiometricTemplate.origin_device_id)
        .where(BiometricTemplate.state == "quarantined")
    )
    rows, cursor, total = await paginate(session, query, page, order=[BiometricTemplate.__table__.c.id])
    items = [
        QuarantinedView(
            id=row[0].id,
            staff_id=row[0].staff_id,
            staff_name=row[1],
            pin=row[0].origin_pin,
            device_id=row[0].origin_device_id,
            device_name=row[2],
            template_type=row[0].template_type,
            finger_index=row[0].finger_index,
            reason=_why_held(row[0], row[3]),
            captured_at=row[0].captured_at,
            erased_on=row[0].created_at + timedelta(days=days),
        )
        for row in rows
    ]
    return Page(items=items, next_cursor=cursor, total=total)


def _why_held(row: BiometricTemplate, device_trust: str | None) -> str:
    if row.staff_id is None:
        return "Nobody here has this PIN on that clock"
    if device_trust is not None and device_trust != "full":
        return "The clock is trusted with punches only"
    return "The person has not agreed to the use of biometric data"

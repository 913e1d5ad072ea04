"""Metadata of templates: their state, their copies on devices, accesses. No function here returns a template."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.database import server_now
from foundation.errors import Conflict, Invalid, NotFound
from foundation.pagination import Page, PageRequest, page_of
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
from tenant_stack.biometrics.template_encryption import PlainTemplate, TemplateCipher, context_of, record_access
from tenant_stack.people.staff.service import get_staff
from tenant_stack.tables.base import audited
from tenant_stack.tables.biometrics import BiometricAccess, BiometricTemplate, DeviceTemplate
from tenant_stack.tables.devices import Device
from tenant_stack.tables.schedules import OrganisationSetting
from tenant_stack.tables.staff import Staff
from tenant_stack.views import view_of

SETTING = "biometrics"
DURESS = 3
"""Value of `BiometricTemplate.valid` for a duress finger; 1 is an ordinary one."""


async def read_settings(session: AsyncSession) -> BiometricSettings:
    """The organisation's periods, the defaults where nothing was entered."""
    value = await session.scalar(sa.select(OrganisationSetting.value).where(OrganisationSetting.key == SETTING))
    return BiometricSettings() if value is None else BiometricSettings.model_validate(value)


async def change_settings(session: AsyncSession, actor: Actor, entered: BiometricSettings) -> BiometricSettings:
    before = await read_settings(session)
    row = insert(OrganisationSetting).values(key=SETTING, value=entered.model_dump())
    await session.execute(row.on_conflict_do_update(index_elements=["key"], set_={"value": row.excluded.value}))
    if entered != before:
        old, new = before.model_dump(), entered.model_dump()
        audited(session, actor, "settings.update", "settings", SETTING, before=old, after=new)
    return entered


async def list_templates(session: AsyncSession, staff_id: UUID) -> list[BiometricView]:
    """Metadata of a person's templates, usable ones first; `NotFound` when there is no such person."""
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
    """The copies of these templates on devices."""
    rows = await session.execute(
        sa.select(DeviceTemplate, Device.name)
        .join(Device, Device.id == DeviceTemplate.device_id)
        .where(DeviceTemplate.template_id.in_(template_ids))
        .order_by(Device.name, Device.id)
    )
    copies: dict[UUID, list[CopyView]] = {}
    for copy, name in rows:
        copies.setdefault(copy.template_id, []).append(view_of(CopyView, copy, device_name=name))
    return copies


def _view(row: BiometricTemplate, device_name: str | None, copies: list[CopyView]) -> BiometricView:
    return view_of(
        BiometricView,
        row,
        duress=row.valid == DURESS,
        unreadable=row.unreadable_at is not None and row.state != "revoked",
        origin_device_name=device_name,
        copies=copies,
    )


async def create_template(
    session: AsyncSession, cipher: TemplateCipher, actor: Actor, staff_id: UUID, entered: TemplateIn
) -> BiometricView:
    """Store a template from elsewhere, encrypted, and distribute it to the person's devices.

    It replaces one of the same finger and format. `Conflict` ``consent_missing`` without consent.
    """
    person = await get_staff(session, staff_id)
    if not person.active:
        raise Conflict("staff_inactive", f"{person.name} is inactive")
    _check(entered)
    await require_consent(session, staff_id, person.name)
    identity: dict[str, Any] = {
        "staff_id": staff_id,
        "template_type": entered.template_type,
        "template_format": entered.template_format,
        "finger_index": entered.finger_index or 0,
        "part": entered.part,
    }
    row = await session.scalar(
        sa.select(BiometricTemplate).filter_by(**identity).where(BiometricTemplate.state != "revoked").with_for_update()
    )
    if row is None:
        template_id = (await session.scalars(sa.text("SELECT uuidv7()"))).one()
        row = BiometricTemplate(id=template_id, **identity, revision=0)
    (sealed,) = await cipher.encrypt([PlainTemplate(context_of(row), entered.template_data)])
    row.template_data, row.key_version, row.quality_score = sealed.text, sealed.version, entered.quality_score
    row.valid, row.revision = DURESS if entered.duress else 1, row.revision + 1
    row.state, row.origin, row.origin_device_id = "active", "entered", None
    row.unreadable_at, row.captured_at = None, server_now()
    session.add(row)
    await session.flush()
    record_access(session, [row], "stored", actor=actor)
    after = {**identity, "staff_id": str(staff_id), "quality_score": entered.quality_score}
    audited(session, actor, "template.create", "template", row.id, after=after)
    await distribute(session, [staff_id])
    return next(view for view in await list_templates(session, staff_id) if view.id == row.id)


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
    """Every access to templates, newest first."""
    query = (
        sa.select(BiometricAccess, Staff.name, Device.name)
        .outerjoin(Staff, Staff.id == BiometricAccess.staff_id)
        .outerjoin(Device, Device.id == BiometricAccess.device_id)
    )
    wanted = {"staff_id": staff_id, "template_id": template_id, "purpose": purpose}
    for name, value in wanted.items():
        if value is not None:
            query = query.where(getattr(BiometricAccess, name) == value)
    order = [BiometricAccess.__table__.c.id]
    return await page_of(session, query, page, _access_view, order=order, descending=True)


def _access_view(row: Any) -> AccessView:
    return view_of(AccessView, row[0], staff_name=row[1], device_name=row[2])


async def list_quarantined(session: AsyncSession, page: PageRequest) -> Page[QuarantinedView]:
    """Quarantined templates, with the reason and the time of erasure."""
    days = (await read_settings(session)).walk_up_days
    query = (
        sa.select(BiometricTemplate, Staff.name, Device.name, Device.trust)
        .outerjoin(Staff, Staff.id == BiometricTemplate.staff_id)
        .outerjoin(Device, Device.id == BiometricTemplate.origin_device_id)
        .where(BiometricTemplate.state == "quarantined")
    )

    def view(row: Any) -> QuarantinedView:
        template, staff_name, device_name, device_trust, *_ = row
        return view_of(
            QuarantinedView,
            template,
            staff_name=staff_name,
            pin=template.origin_pin,
            device_id=template.origin_device_id,
            device_name=device_name,
            reason=_quarantine_reason(template, device_trust),
            erased_on=template.created_at + timedelta(days=days),
        )

    return await page_of(session, query, page, view, order=[BiometricTemplate.__table__.c.id])


def _quarantine_reason(row: BiometricTemplate, device_trust: str | None) -> str:
    if row.staff_id is None:
        return "Nobody here has this PIN on that clock"
    if device_trust is not None and device_trust != "full":
        return "The clock is trusted with punches only"
    return "The person has not agreed to the use of biometric data"

"""Consent to the use of biometric data: recorded per version of the text, before a capture. Withdrawal erases.

A person without consent stays enrolled on the devices with card and PIN.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.clock import utc_now
from foundation.errors import Conflict, Invalid, NotFound
from foundation.pagination import Page, PageRequest, page_of
from tenant_stack.biometrics.distribution import distribute
from tenant_stack.biometrics.erasure import erase_templates
from tenant_stack.biometrics.schemas import ConsentIn, ConsentTextIn, ConsentTextView, ConsentView
from tenant_stack.people.staff.service import get_staff
from tenant_stack.tables.base import audited
from tenant_stack.tables.biometrics import BiometricTemplate, ConsentText, StaffConsent
from tenant_stack.views import view_of

VERSION_LOCK = sa.text("SELECT pg_advisory_xact_lock(7203417)")

# A quarantined template becomes active when its person has consented and its device is trusted with templates.
ACTIVATE = sa.text("""
UPDATE biometric_templates t SET state = 'active', updated_at = now()
WHERE t.state = 'quarantined' AND t.staff_id IS NOT NULL AND t.unreadable_at IS NULL
  AND (CAST(:staff AS uuid[]) IS NULL OR t.staff_id = ANY(CAST(:staff AS uuid[])))
  AND EXISTS (SELECT 1 FROM staff_consents c WHERE c.staff_id = t.staff_id AND c.ended_at IS NULL)
  AND EXISTS (SELECT 1 FROM staff s WHERE s.id = t.staff_id AND s.active)
  AND EXISTS (SELECT 1 FROM devices d WHERE d.id = t.origin_device_id AND d.trust = 'full' AND d.new_address IS NULL)
RETURNING t.id, t.staff_id
""")


async def list_texts(session: AsyncSession, page: PageRequest) -> Page[ConsentTextView]:
    """Versions of the text, newest first, with the number of people who consented to each."""
    consented = (
        sa.select(sa.func.count())
        .where(StaffConsent.text_id == ConsentText.id, StaffConsent.ended_at.is_(None))
        .scalar_subquery()
    )
    order = [ConsentText.__table__.c.version]
    query = sa.select(ConsentText, consented)
    return await page_of(session, query, page, _text_view, order=order, descending=True)


def _text_view(row: Any) -> ConsentTextView:
    return view_of(ConsentTextView, row[0], people=row[1])


async def create_text(session: AsyncSession, actor: Actor, entered: ConsentTextIn) -> ConsentTextView:
    """Create the next version. Consent to an earlier version stays valid; ask again where the purpose changed."""
    await session.execute(VERSION_LOCK)
    newest = await session.scalar(sa.select(sa.func.max(ConsentText.version))) or 0
    row = ConsentText(version=newest + 1, created_by=actor.label[:200], **entered.model_dump())
    session.add(row)
    await session.flush()
    await session.refresh(row)
    audited(session, actor, "consent_text.create", "consent_text", row.id, after={"version": row.version})
    return view_of(ConsentTextView, row, people=0)


async def find_consenting(session: AsyncSession, staff_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these people who have a consent that is not withdrawn."""
    found = await session.scalars(
        sa.select(StaffConsent.staff_id).where(StaffConsent.staff_id.in_(staff_ids), StaffConsent.ended_at.is_(None))
    )
    return set(found)


async def require_consent(session: AsyncSession, staff_id: UUID, name: str) -> None:
    """`Conflict` ``consent_missing`` unless the person has consented."""
    if not await find_consenting(session, [staff_id]):
        raise Conflict(
            "consent_missing",
            f"{name} has not agreed to the use of biometric data; record their consent first, or let them use a card",
        )


async def record_consent(session: AsyncSession, actor: Actor, staff_id: UUID, entered: ConsentIn) -> ConsentView:
    """Record a consent and activate the quarantined templates of the person."""
    person = await get_staff(session, staff_id)
    query = sa.select(ConsentText)
    query = (
        query.order_by(ConsentText.version.desc()).limit(1)
        if entered.version is None
        else query.where(ConsentText.version == entered.version)
    )
    text = await session.scalar(query)
    if text is None:
        if entered.version is None:
            raise Conflict("consent_text_missing", "Write the text that people agree to first")
        raise Invalid("unknown_version", f"There is no version {entered.version} of the text", field="version")
    given = entered.given_at or utc_now()
    if given > utc_now() + timedelta(minutes=5):
        raise Invalid("in_the_future", "Consent cannot be given in the future", field="given_at")
    await _end_consent(session, staff_id, "renewed", actor)
    row = StaffConsent(
        staff_id=staff_id,
        text_id=text.id,
        how=entered.how,
        note=entered.note,
        given_at=given,
        recorded_by=actor.label[:200],
    )
    session.add(row)
    await session.flush()
    await session.refresh(row)
    after: dict[str, object] = {"version": text.version, "how": entered.how, "given_at": given.isoformat()}
    audited(session, actor, "consent.record", "staff", person.id, after=after)
    await activate_templates(session, actor, [staff_id])
    return _consent_view(row, text)


async def withdraw_consent(session: AsyncSession, actor: Actor, staff_id: UUID) -> int:
    """Withdraw the consent and erase the templates, here and on the devices. Returns how many templates."""
    person = await get_staff(session, staff_id)
    if not await _end_consent(session, staff_id, "withdrawn", actor):
        raise Conflict("consent_missing", f"{person.name} has no consent that could be withdrawn")
    audited(session, actor, "consent.withdraw", "staff", staff_id)
    return await erase_templates(session, actor, BiometricTemplate.staff_id == staff_id, "consent withdrawn")


async def activate_templates(session: AsyncSession, actor: Actor, staff_ids: Sequence[UUID] | None = None) -> int:
    """Activate quarantined templates that may be used now and distribute them; returns how many."""
    rows = list(await session.execute(ACTIVATE, {"staff": list(staff_ids) if staff_ids is not None else None}))
    for row in rows:
        audited(session, actor, "template.active", "template", row.id, after={"staff_id": str(row.staff_id)})
    if rows:
        await distribute(session, [row.staff_id for row in rows])
    return len(rows)


async def list_consents(session: AsyncSession, staff_id: UUID) -> list[ConsentView]:
    """All consents of a person, newest first."""
    if await session.scalar(sa.text("SELECT 1 FROM staff WHERE id = :id"), {"id": staff_id}) is None:
        raise NotFound("staff_not_found", "There is no such person")
    rows = await session.execute(
        sa.select(StaffConsent, ConsentText)
        .join(ConsentText, ConsentText.id == StaffConsent.text_id)
        .where(StaffConsent.staff_id == staff_id)
        .order_by(StaffConsent.id.desc())
    )
    return [_consent_view(row, text) for row, text in rows]


def _consent_view(row: StaffConsent, text: ConsentText) -> ConsentView:
    return view_of(ConsentView, row, version=text.version, title=text.title)


async def _end_consent(session: AsyncSession, staff_id: UUID, why: str, actor: Actor) -> bool:
    ended = await session.scalars(
        sa.update(StaffConsent)
        .where(StaffConsent.staff_id == staff_id, StaffConsent.ended_at.is_(None))
        .values(ended_at=sa.func.now(), ended_because=why, ended_by=actor.label[:200])
        .returning(StaffConsent.id)
    )
    return bool(list(ended))

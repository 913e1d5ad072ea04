"""Consent: recorded before capture, by version of the text; withdrawn, it takes the templates along.

A person without consent, or who withdraws it, stays on the clocks with card and PIN.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.clock import utc_now
from foundation.errors import Conflict, Invalid, NotFound
from foundation.pagination import Page, PageRequest, paginate
from tenant_stack.biometrics.distribution import distribute
from tenant_stack.biometrics.erasure import erase
from tenant_stack.biometrics.schemas import ConsentIn, ConsentTextIn, ConsentTextView, ConsentView
from tenant_stack.people.staff.service import get_staff
from tenant_stack.tables.base import audited
from tenant_stack.tables.biometrics import BiometricTemplate, ConsentText, StaffConsent

VERSION_LOCK = sa.text("SELECT pg_advisory_xact_lock(7203417)")

# What came unasked becomes usable when its person has agreed and its clock is one that we trust with templates.
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
    """Versions of the text, the newest first, with how many people stand on each."""
    standing = (
        sa.select(sa.func.count())
        .where(StaffConsent.text_id == ConsentText.id, StaffConsent.ended_at.is_(None))
        .scalar_subquery()
    )
    order = [ConsentText.__table__.c.version]
    query = sa.select(ConsentText, standing)
    rows, cursor, total = await paginate(session, query, page, order=order, descending=True)
    return Page(items=[_text_view(row[0], row[1]) for row in rows], next_cursor=cursor, total=total)


async def create_text(session: AsyncSession, actor: Actor, entered: ConsentTextIn) -> ConsentTextView:
    """The next version. People who agreed to an earlier one stay agreed; ask them again where the purpose changed."""
    await session.execute(VERSION_LOCK)
    newest = await session.scalar(sa.select(sa.func.max(ConsentText.version))) or 0
    row = ConsentText(version=newest + 1, created_by=actor.label[:200], **entered.model_dump())
    session.add(row)
    await session.flush()
    await session.refresh(row)
    audited(session, actor, "consent_text.create", "consent_text", row.id, after={"version": row.version})
    return _text_view(row, 0)


def _text_view(row: ConsentText, standing: int) -> ConsentTextView:
    return ConsentTextView(
        id=row.id,
        version=row.version,
        title=row.title,
        text=row.text,
        created_by=row.created_by,
        created_at=row.created_at,
        people=standing,
    )


async def consenting(session: AsyncSession, staff_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these people who agreed and have not withdrawn it."""
    found = await session.scalars(
        sa.select(StaffConsent.staff_id).where(StaffConsent.staff_id.in_(staff_ids), StaffConsent.ended_at.is_(None))
    )
    return set(found)


async def require_consent(session: AsyncSession, staff_id: UUID, name: str) -> None:
    """`Conflict` ``consent_missing`` unless the person has agreed."""
    if not await consenting(session, [staff_id]):
        raise Conflict(
            "consent_missing",
            f"{name} has not agreed to the use of biometric data; record their consent first, or let them use a card",
        )


async def record_consent(session: AsyncSession, actor: Actor, staff_id: UUID, entered: ConsentIn) -> ConsentView:
    """Somebody agreed. What their clocks had sent unasked becomes usable."""
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
    await _end(session, staff_id, "renewed", actor)
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
    await activate(session, actor, [staff_id])
    return _view(row, text)


async def withdraw_consent(session: AsyncSession, actor: Actor, staff_id: UUID) -> int:
    """Consent is taken back: the templates are erased here and on the clocks. Returns how many."""
    person = await get_staff(session, staff_id)
    if not await _end(session, staff_id, "withdrawn", actor):
        raise Conflict("consent_missing", f"{person.name} has no consent that could be withdrawn")
    audited(session, actor, "consent.withdraw", "staff", staff_id)
    return await erase(session, actor, BiometricTemplate.staff_id == staff_id, "consent withdrawn")


async def activate(session: AsyncSession, actor: Actor, staff_ids: Sequence[UUID] | None = None) -> int:
    """Release from quarantine what may be used now, and send it out; returns how many."""
    rows = list(await session.execute(ACTIVATE, {"staff": list(staff_ids) if staff_ids is not None else None}))
    for row in rows:
        audited(session, actor, "template.active", "template", row.id, after={"staff_id": str(row.staff_id)})
    if rows:
        await distribute(session, [row.staff_id for row in rows])
    return len(rows)


async def list_consents(session: AsyncSession, staff_id: UUID) -> list[ConsentView]:
    """All consents of a person, the newest first."""
    if await session.scalar(sa.text("SELECT 1 FROM staff WHERE id = :id"), {"id": staff_id}) is None:
        raise NotFound("staff_not_found", "There is no such person")
    rows = await session.execute(
        sa.select(StaffConsent, ConsentText)
        .join(ConsentText, ConsentText.id == StaffConsent.text_id)
        .where(StaffConsent.staff_id == staff_id)
        .order_by(StaffConsent.id.desc())
    )
    return [_view(row, text) for row, text in rows]


def _view(row: StaffConsent, text: ConsentText) -> ConsentView:
    return ConsentView(
        id=row.id,
        version=text.version,
        title=text.title,
        how=row.how,
        note=row.note,
        given_at=row.given_at,
        recorded_by=row.recorded_by,
        created_at=row.created_at,
        ended_at=row.ended_at,
        ended_because=row.ended_because,
        ended_by=row.ended_by,
    )


async def _end(session: AsyncSession, staff_id: UUID, why: str, actor: Actor) -> bool:
    ended = await session.scalars(
        sa.update(StaffConsent)
        .where(StaffConsent.staff_id == staff_id, StaffConsent.ended_at.is_(None))
        .values(ended_at=sa.func.now(), ended_because=why, ended_by=actor.label[:200])
        .returning(StaffConsent.id)
    )
    return bool(list(ended))

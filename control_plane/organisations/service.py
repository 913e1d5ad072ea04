"""What operators ask of organisations. A change and its audit entry are written in one transaction."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from control_plane.organisations.naming import SlugRefused, checked_slug
from control_plane.organisations.schemas import OrganisationIn
from control_plane.tables.base import AuditEntry
from control_plane.tables.organisations import Organisation, OrganisationStep
from foundation import audit
from foundation.audit import Actor
from foundation.clock import zone
from foundation.database import unique
from foundation.errors import Conflict, Invalid, NotFound
from foundation.pagination import PageRequest, paginate

COLUMNS = Organisation.__table__.c


async def create(session: AsyncSession, actor: Actor, wanted: OrganisationIn) -> Organisation:
    """A new organisation, to be provisioned by the worker. `Conflict` when the slug was ever used."""
    try:
        checked_slug(wanted.slug)
    except SlugRefused as refusal:
        raise Invalid(refusal.code, str(refusal), field="slug") from refusal
    zone(wanted.zone)
    organisation = Organisation(**wanted.model_dump())
    try:
        async with unique(session, uq_organisations_slug="slug"):
            session.add(organisation)
    except Conflict as conflict:
        detail = (
            f"The slug {wanted.slug!r} is taken; a slug is never used twice, not even after its organisation is gone"
        )
        raise Conflict(conflict.code, detail, field=conflict.field) from conflict
    after = wanted.model_dump(exclude={"owner_name"})
    audit.record(session, AuditEntry, actor, "organisation.create", "organisation", organisation.id, after=after)
    return await reload(session, organisation.id)


async def retry(session: AsyncSession, actor: Actor, slug: str) -> Organisation:
    """Look at an organisation now, with fresh patience."""
    organisation = await find(session, slug)
    await session.execute(
        sa.update(OrganisationStep).where(OrganisationStep.organisation_id == organisation.id).values(attempts=0)
    )
    await session.execute(
        sa.update(Organisation)
        .where(Organisation.id == organisation.id)
        .values(next_reconcile_at=sa.func.now(), stuck_rounds=0)
    )
    audit.record(session, AuditEntry, actor, "organisation.retry", "organisation", organisation.id)
    return await reload(session, organisation.id)


async def find(session: AsyncSession, slug: str) -> Organisation:
    """The organisation of that slug with its steps; `NotFound` when there is none."""
    found = await session.scalar(_with_steps().where(Organisation.slug == slug))
    if found is None:
        raise NotFound("organisation_unknown", f"There is no organisation {slug!r}")
    return found


async def reload(session: AsyncSession, organisation_id: UUID) -> Organisation:
    """An organisation as the database has it now."""
    await session.flush()
    statement = _with_steps().where(Organisation.id == organisation_id).execution_options(populate_existing=True)
    return (await session.scalars(statement)).one()


async def list_page(
    session: AsyncSession, request: PageRequest, *, search: str = ""
) -> tuple[list[Organisation], str | None, int]:
    """A page of organisations by slug, those whose slug, name or owner contains ``search``."""
    query = _with_steps()
    if search:
        pattern = "%" + search.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
        columns = (Organisation.slug, Organisation.name, Organisation.owner_email)
        query = query.where(sa.or_(*(column.ilike(pattern) for column in columns)))
    rows, cursor, total = await paginate(session, query, request, order=[COLUMNS.slug, COLUMNS.id])
    return [row[0] for row in rows], cursor, total


def _with_steps() -> sa.Select[Organisation]:
    return sa.select(Organisation).options(selectinload(Organisation.steps))

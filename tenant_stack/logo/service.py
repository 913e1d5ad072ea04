"""The logo: read, set, removed. The audit trail holds digest and size, never the image."""

from __future__ import annotations

import base64
import hashlib

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from foundation.audit import Actor
from foundation.clock import utc_now
from foundation.errors import NotFound
from tenant_stack.logo.image import RenderedLogo
from tenant_stack.logo.schemas import LogoNow, LogoView
from tenant_stack.tables.base import audited
from tenant_stack.tables.logo import OrganisationLogo
from tenant_stack.views import view_of

NAME_LENGTH = 120


async def _find(session: AsyncSession, *, lock: bool = False) -> OrganisationLogo | None:
    query = sa.select(OrganisationLogo).options(defer(OrganisationLogo.content))
    return await session.scalar(query.with_for_update() if lock else query)


def _no_logo() -> NotFound:
    return NotFound("no_logo", "This organisation has no logo")


def _audit_fields(logo: OrganisationLogo) -> dict[str, object]:
    """What the audit trail records of a logo."""
    return {"sha256": logo.sha256, "width": logo.width, "height": logo.height, "file_name": logo.file_name}


def clean_file_name(given: str) -> str:
    """The last part of a file's name, without unprintable characters."""
    last = given.replace("\\", "/").rpartition("/")[2]
    return "".join(each for each in last if each.isprintable()).strip()[:NAME_LENGTH]


async def read_now(session: AsyncSession) -> LogoNow:
    logo = await _find(session)
    return LogoNow(logo=None if logo is None else view_of(LogoView, logo))


async def read_digest(session: AsyncSession) -> str:
    """The SHA-256 of the picture; `NotFound` when there is none."""
    digest: str | None = await session.scalar(sa.select(OrganisationLogo.sha256))
    if digest is None:
        raise _no_logo()
    return digest


async def read_picture(session: AsyncSession) -> bytes:
    """The PNG; `NotFound` when there is none."""
    content: bytes | None = await session.scalar(sa.select(OrganisationLogo.content))
    if content is None:
        raise _no_logo()
    return content


async def picture_text(session: AsyncSession) -> str:
    """The PNG in Base64 for the report process, or an empty string."""
    content: bytes | None = await session.scalar(sa.select(OrganisationLogo.content))
    return "" if content is None else base64.b64encode(content).decode()


async def set_logo(session: AsyncSession, actor: Actor, rendered: RenderedLogo, given_name: str) -> LogoView:
    """Replace the logo; the same image under the same name changes nothing."""
    before = await _find(session, lock=True)
    digest, name = hashlib.sha256(rendered.content).hexdigest(), clean_file_name(given_name)
    if before is not None and (before.sha256, before.file_name) == (digest, name):
        return view_of(LogoView, before)
    old_fields = None if before is None else _audit_fields(before)
    values: dict[str, object] = {
        "content": rendered.content,
        "sha256": digest,
        "width": rendered.width,
        "height": rendered.height,
        "file_name": name,
        "changed_by": actor.label[:200],
        "changed_at": utc_now(),
    }
    statement = insert(OrganisationLogo).values(id=1, **values)
    # Two callers may set the first logo at the same time: the later one wins.
    await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
    after = await session.scalar(
        sa.select(OrganisationLogo).options(defer(OrganisationLogo.content)).execution_options(populate_existing=True)
    )
    assert after is not None
    audited(session, actor, "logo.set", "logo", 1, before=old_fields, after=_audit_fields(after))
    return view_of(LogoView, after)


async def remove_logo(session: AsyncSession, actor: Actor) -> None:
    """Remove the logo; `NotFound` when there is none."""
    logo = await _find(session, lock=True)
    if logo is None:
        raise _no_logo()
    audited(session, actor, "logo.remove", "logo", 1, before=_audit_fields(logo))
    await session.delete(logo)
    await session.flush()

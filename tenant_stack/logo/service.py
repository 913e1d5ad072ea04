"""The logo: read, set, removed. The trail holds digests and sizes, never the picture."""

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
from tenant_stack.logo.image import Drawn
from tenant_stack.logo.schemas import LogoNow, LogoView
from tenant_stack.tables.base import audited
from tenant_stack.tables.logo import OrganisationLogo

NAME_LENGTH = 120


async def _find(session: AsyncSession, *, lock: bool = False) -> OrganisationLogo | None:
    query = sa.select(OrganisationLogo).options(defer(OrganisationLogo.content))
    logo: OrganisationLogo | None = await session.scalar(query.with_for_update() if lock else query)
    return logo


def _none() -> NotFound:
    return NotFound("no_logo", "This organisation has no logo")


def _view(logo: OrganisationLogo) -> LogoView:
    return LogoView.model_validate({name: getattr(logo, name) for name in LogoView.model_fields})


def _told(logo: OrganisationLogo) -> dict[str, object]:
    """What the trail says of a logo."""
    return {"sha256": logo.sha256, "width": logo.width, "height": logo.height, "file_name": logo.file_name}


def tidy_name(given: str) -> str:
    """The last part of a file's name without what cannot be shown."""
    last = given.replace("\\", "/").rpartition("/")[2]
    return "".join(each for each in last if each.isprintable()).strip()[:NAME_LENGTH]


async def read_now(session: AsyncSession) -> LogoNow:
    logo = await _find(session)
    return LogoNow(logo=None if logo is None else _view(logo))


async def read_digest(session: AsyncSession) -> str:
    """The SHA-256 of the picture; `NotFound` when there is none."""
    digest: str | None = await session.scalar(sa.select(OrganisationLogo.sha256))
    if digest is None:
        raise _none()
    return digest


async def read_picture(session: AsyncSession) -> bytes:
    """The PNG; `NotFound` when there is none."""
    content: bytes | None = await session.scalar(sa.select(OrganisationLogo.content))
    if content is None:
        raise _none()
    return content


async def picture_text(session: AsyncSession) -> str:
    """The PNG in base64 for a document that is made elsewhere, or nothing."""
    content: bytes | None = await session.scalar(sa.select(OrganisationLogo.content))
    return "" if content is None else base64.b64encode(content).decode()


async def set_logo(session: AsyncSession, actor: Actor, drawn: Drawn, given_name: str) -> LogoView:
    """Print this picture from now on; the same one again changes nothing."""
    before = await _find(session, lock=True)
    digest, name = hashlib.sha256(drawn.content).hexdigest(), tidy_name(given_name)
    if before is not None and (before.sha256, before.file_name) == (digest, name):
        return _view(before)
    told = None if before is None else _told(before)
    values: dict[str, object] = {
        "content": drawn.content,
        "sha256": digest,
        "width": drawn.width,
        "height": drawn.height,
        "file_name": name,
        "changed_by": actor.label[:200],
        "changed_at": utc_now(),
    }
    statement = insert(OrganisationLogo).values(id=1, **values)
    # Two who set the first one at the same time: the later counts.
    await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
    after = await session.scalar(
        sa.select(OrganisationLogo).options(defer(OrganisationLogo.content)).execution_options(populate_existing=True)
    )
    assert after is not None
    audited(session, actor, "logo.set", "logo", 1, before=told, after=_told(after))
    return _view(after)


async def remove_logo(session: AsyncSession, actor: Actor) -> None:
    """Print none from now on; `NotFound` when there is none."""
    logo = await _find(session, lock=True)
    if logo is None:
        raise _none()
    audited(session, actor, "logo.remove", "logo", 1, before=_told(logo))
    await session.delete(logo)
    await session.flush()

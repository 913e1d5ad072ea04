"""Whose attendance is whose: nobody decides about their own."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.sign_in.principal import Principal

OWN = sa.text("""
SELECT coalesce(u.staff_id, (SELECT s.id FROM staff s WHERE u.email <> '' AND lower(s.email) = lower(u.email)
                             ORDER BY s.id LIMIT 1))
FROM users u WHERE u.id = CAST(:user AS uuid)
""")


async def own_staff(session: AsyncSession, caller: Principal) -> UUID | None:
    """The caller as somebody who punches: by the account's link, without one by the same e-mail address."""
    if caller.kind != "user":
        return None
    found: UUID | None = await session.scalar(OWN, {"user": caller.id})
    return found

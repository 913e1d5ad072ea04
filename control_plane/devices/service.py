"""Claims of serials: the first organisation that claims one has it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.contracts.control import DeviceClaims, DeviceClaimsAnswer
from foundation.errors import Conflict

MOST_SERIALS = 20_000

# A primary key decides races: the second insert waits for the first, then finds the row. An erased organisation's
# clocks are free again.
CLAIM = sa.text("""
INSERT INTO device_claims (serial, organisation_id)
SELECT s.serial, CAST(:organisation AS uuid) FROM unnest(CAST(:serials AS text[])) AS s(serial) ORDER BY s.serial
ON CONFLICT (serial) DO UPDATE SET organisation_id = excluded.organisation_id, claimed_at = now()
    WHERE (SELECT desired FROM organisations o WHERE o.id = device_claims.organisation_id) = 'erased'
""")
OURS = sa.text("""
SELECT serial FROM device_claims
WHERE organisation_id = CAST(:organisation AS uuid) AND serial = ANY(CAST(:serials AS text[]))
""")
REMOVE = sa.text("""
DELETE FROM device_claims
WHERE organisation_id = CAST(:organisation AS uuid) AND serial = ANY(CAST(:serials AS text[]))
""")
# A claim made moments ago may be of a clock whose adding has not been committed yet.
LET_GO = sa.text("""
DELETE FROM device_claims WHERE organisation_id = CAST(:organisation AS uuid)
  AND serial <> ALL(CAST(:serials AS text[])) AND claimed_at < now() - make_interval(secs => CAST(:grace AS integer))
""")
GRACE_SECONDS = 30
COUNT = sa.text("SELECT count(*) FROM device_claims WHERE organisation_id = CAST(:organisation AS uuid)")


async def claim(session: AsyncSession, organisation_id: UUID, asked: DeviceClaims) -> DeviceClaimsAnswer:
    """Claim these serials; with ``whole`` they are all that the organisation has, and it lets go of the others."""
    removed = [serial.upper() for serial in asked.removed]
    await session.execute(REMOVE, {"organisation": organisation_id, "serials": removed})
    named = {serial.upper(): serial for serial in asked.serials}
    serials = sorted(named)
    if asked.whole:
        values = {"organisation": organisation_id, "serials": serials, "grace": GRACE_SECONDS}
        await session.execute(LET_GO, values)
    held = int(await session.scalar(COUNT, {"organisation": organisation_id}) or 0)
    if not asked.whole and held + len(serials) > MOST_SERIALS:
        raise Conflict("too_many_clocks", f"An organisation can have at most {MOST_SERIALS} clocks")
    ours = await _claim(session, organisation_id, serials)
    return DeviceClaimsAnswer(
        ours=sorted(named[serial] for serial in ours),
        elsewhere=sorted(named[serial] for serial in serials if serial not in ours),
    )


async def _claim(session: AsyncSession, organisation_id: UUID, serials: Sequence[str]) -> set[str]:
    values = {"organisation": organisation_id, "serials": list(serials)}
    await session.execute(CLAIM, values)
    return set(await session.scalars(OURS, values))

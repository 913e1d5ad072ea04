"""From where a push clock calls: pinned when it is approved, watched ever after.

The serial is no secret, so a change of address is told to a person. Punches continue meanwhile (they are flagged);
what is secret stops, see `tenant_stack.devices.trust`. Two addresses that take turns within minutes are two machines.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from foundation.audit import Actor
from foundation.errors import Conflict
from tenant_stack.tables.base import audited
from tenant_stack.tables.devices import Device

# For the SET list of an UPDATE of `devices`; parameters :address (empty when not known) and :at. On the right of each
# "=" stand the values from before the contact.
FOLLOW_ADDRESS = """
    pinned_address = CASE WHEN connection = 'push' AND approved_at IS NOT NULL
                          THEN coalesce(pinned_address, nullif(CAST(:address AS text), '')) ELSE pinned_address END,
    new_address = CASE WHEN connection = 'push' AND CAST(:address AS text) <> '' AND pinned_address <> CAST(:address AS text)
                       THEN CAST(:address AS text) ELSE new_address END,
    two_sources_at = CASE WHEN connection = 'push' AND CAST(:address AS text) <> '' AND source_address <> CAST(:address AS text)
                               AND previous_address = CAST(:address AS text)
                               AND previous_address_at > CAST(:at AS timestamptz) - interval '10 minutes'
                          THEN CAST(:at AS timestamptz) ELSE two_sources_at END,
    previous_address_at = CASE WHEN CAST(:address AS text) <> '' AND source_address <> CAST(:address AS text)
                               THEN last_seen_at ELSE previous_address_at END,
    previous_address = CASE WHEN CAST(:address AS text) <> '' AND source_address <> CAST(:address AS text)
                            THEN source_address ELSE previous_address END,
    source_address = coalesce(nullif(CAST(:address AS text), ''), source_address)
"""  # noqa: E501 - the conditions read better in one line


async def settle_address(session: AsyncSession, actor: Actor, device: Device, *, accept: bool) -> None:
    """A person says of the new address that it is the clock's (``accept``) or that it is not; audited.

    A refused address raises the question again when it calls again. Raises `Conflict` when nothing waits for an answer.
    """
    if device.new_address is None:
        raise Conflict("address_settled", "This clock does not call from a new address")
    before: dict[str, object] = {"pinned_address": device.pinned_address, "new_address": device.new_address}
    if accept:
        device.pinned_address = device.new_address
        device.two_sources_at = None
    device.new_address = None
    await session.flush()
    action = "device.address_confirmed" if accept else "device.address_refused"
    audited(session, actor, action, "device", device.id, before=before, after={"pinned_address": device.pinned_address})

"""What other systems may be told of. An event is written with the change it is about, and sent after that commits."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from tenant_stack.tables.base import remember

TOPIC = "webhook.event"
EVENTS = {
    "period.approved": "Every record of a period is approved",
    "period.locked": "A period was locked",
    "record.corrected": "A record was corrected, or late data changed a day that was closed",
    "payroll.batch.created": "A payroll batch was made",
    "alert.opened": "Something needs a look",
}
TEST_EVENT = "test"


def announce(session: AsyncSession, event: str, data: dict[str, object], *, event_id: UUID | None = None) -> None:
    """Tell every webhook that wants this event, if this transaction commits. ``data`` is JSON and holds no secret."""
    assert event in EVENTS, event
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    remember(session, TOPIC, {"id": str(event_id or uuid4()), "event": event, "at": at, "data": data})

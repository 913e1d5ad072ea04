"""Events for other systems. An event is written in the transaction of the change, and sent after the commit."""

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
    """Queue an event for every webhook that subscribes to it, on commit. ``data`` is JSON without secrets."""
    assert event in EVENTS, event
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    remember(session, TOPIC, {"id": str(event_id or uuid4()), "event": event, "at": at, "data": data})

"""Live events of captures: open pages are sent the ids that changed and read them with their own permission."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from foundation.errors import Unavailable
from foundation.logs import get_logger
from foundation.valkey import Valkey
from tenant_stack.live.events import CHANNEL


async def publish_captures(valkey: Valkey, session_ids: Sequence[UUID]) -> None:
    """Publish the ids. A lost event delays a page until its next poll, seconds later."""
    try:
        for session_id in dict.fromkeys(session_ids):
            await valkey.publish(CHANNEL, {"type": "enrolment", "enrolment": {"id": str(session_id)}})
    except Unavailable:
        get_logger().warning("live.lost", enrolments=len(session_ids))

"""Live events: what the worker tells open pages through Valkey. A lost one costs a stale line until the next reload."""

from __future__ import annotations

from foundation.valkey import Valkey
from tenant_stack.attendance.schemas import RecordView
from tenant_stack.punches.schemas import PunchView

CHANNEL = "live"


async def publish_punch(valkey: Valkey, punch: PunchView) -> None:
    await valkey.publish(CHANNEL, {"type": "punch", "punch": punch.model_dump(mode="json")})


async def publish_record(valkey: Valkey, record: RecordView) -> None:
    await valkey.publish(CHANNEL, {"type": "record", "record": record.model_dump(mode="json")})


async def publish_alerts(valkey: Valkey) -> None:
    """Alerts were opened or closed; pages ask for them anew."""
    await valkey.publish(CHANNEL, {"type": "alerts"})


async def publish_device(valkey: Valkey, device: dict[str, object]) -> None:
    await valkey.publish(CHANNEL, {"type": "device", "device": device})

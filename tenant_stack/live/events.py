"""Live events, published to open pages through Valkey. A lost event leaves a stale line until the next reload."""

from __future__ import annotations

from pydantic import BaseModel

from foundation.valkey import Valkey

CHANNEL = "live"


async def publish_punch(valkey: Valkey, punch: BaseModel) -> None:
    """``punch`` is the punch as the API shows it (`tenant_stack.punches.schemas.PunchView`)."""
    await valkey.publish(CHANNEL, {"type": "punch", "punch": punch.model_dump(mode="json")})


async def publish_record(valkey: Valkey, record: BaseModel) -> None:
    """``record`` is the record as the API shows it (`tenant_stack.attendance.schemas.RecordView`)."""
    await valkey.publish(CHANNEL, {"type": "record", "record": record.model_dump(mode="json")})


async def publish_alerts(valkey: Valkey) -> None:
    """Alerts were opened or closed; pages read them again."""
    await valkey.publish(CHANNEL, {"type": "alerts"})


async def publish_device(valkey: Valkey, device: dict[str, object]) -> None:
    await valkey.publish(CHANNEL, {"type": "device", "device": device})

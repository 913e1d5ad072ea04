"""Carrying out, through the bridge, what people asked of pull clocks. Each row is carried out once, or says why not."""

from __future__ import annotations

from typing import Any, Literal, cast

import httpx
import sqlalchemy as sa
from pydantic import ValidationError

from foundation.audit import SYSTEM
from foundation.contracts.bridge import ActionResult, TerminalAction
from tenant_stack.job_context import JobContext
from tenant_stack.tables.base import audited

PATIENCE = 60.0

WAITING = sa.text("""
SELECT c.id FROM device_commands c JOIN devices d ON d.id = c.device_id
WHERE c.purpose = 'act' AND c.state = 'queued' AND d.connection = 'pull' ORDER BY c.id LIMIT 50
""")
# Taken once: what a clock was told and did not answer to is not repeated unseen.
TAKE = sa.text("""
UPDATE device_commands c SET state = 'sent', attempts = c.attempts + 1, leased_until = now() + interval '2 minutes'
FROM devices d
WHERE c.id = CAST(:id AS bigint) AND c.purpose = 'act' AND c.state = 'queued' AND d.id = c.device_id
RETURNING c.device_id, c.kind, c.payload, d.device_serial
""")
FINISH = sa.text("""
UPDATE device_commands SET state = :state, result_text = :text, finished_at = now(), leased_until = NULL
WHERE id = CAST(:id AS bigint) AND state = 'sent'
""")
GIVE_UP = sa.text("""
UPDATE device_commands SET state = 'failed', finished_at = now(), result_text = 'It is not known whether this was done'
WHERE purpose = 'act' AND state = 'sent' AND leased_until < now()
""")


async def waiting_actions(context: JobContext) -> list[int]:
    """What is to be carried out now; what was begun and never ended is given up."""
    async with context.database.transaction() as session:
        await session.execute(GIVE_UP)
        return list(await session.scalars(WAITING))


async def carry_out(context: JobContext, command_id: int) -> None:
    """Tell a pull clock what was asked, and write down what it did; safe to call twice or late."""
    async with context.database.transaction() as session:
        row = (await session.execute(TAKE, {"id": command_id})).one_or_none()
    if row is None:
        return
    result, problem = await _tell(context.bridge, row.device_serial, row.kind, row.payload)
    done = result is not None and result.done
    text = (_in_words(result) if result else problem)[:512]
    async with context.database.transaction() as session:
        await session.execute(FINISH, {"id": command_id, "state": "done" if done else "failed", "text": text})
        counts = {"count_before": result.count_before, "count_after": result.count_after} if result else {}
        audited(
            session,
            SYSTEM,
            f"device.{row.kind}_{'done' if done else 'failed'}",
            "device",
            row.device_id,
            after={"message": text, **{name: value for name, value in counts.items() if value is not None}},
        )


async def _tell(
    bridge: httpx.AsyncClient, serial: str, kind: str, payload: dict[str, Any]
) -> tuple[ActionResult | None, str]:
    action = cast(Literal["set_time", "restart", "clear_log"], kind)
    asked = TerminalAction(action=action, expected_count=payload.get("expected_count"))
    try:
        response = await bridge.post(
            f"/internal/terminals/{serial}/act", content=asked.model_dump_json(), timeout=PATIENCE
        )
    except httpx.TimeoutException:
        return None, "The device bridge took too long to reach the clock"
    except httpx.HTTPError:
        return None, "The device bridge does not answer"
    try:
        if response.status_code == 200:
            return ActionResult.model_validate_json(response.content), ""
        return None, str(response.json().get("detail") or f"The device bridge answered {response.status_code}")
    except (ValueError, ValidationError, AttributeError):
        return None, "The device bridge answered something unreadable"


def _in_words(result: ActionResult) -> str:
    said = [result.message] if result.message else []
    if result.offset_before is not None and result.offset_after is not None:
        said.append(f"The clock was {result.offset_before} s off and is {result.offset_after} s off now")
    if result.count_before is not None and result.count_after is not None:
        said.append(f"It held {result.count_before} punches and holds {result.count_after} now")
    return ". ".join(each.rstrip(".") for each in said) or "Done"

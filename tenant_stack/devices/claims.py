"""Serials are claimed on the platform: a clock belongs to the organisation that claimed it first.

The control plane decides. When it does not answer, a clock is added all the same, and the question is asked again: the
clock that turns out to be another's is refused then, with an alert, and its data stay on it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import httpx
import sqlalchemy as sa
from pydantic import ValidationError

from foundation.contracts.control import DeviceClaims, DeviceClaimsAnswer
from foundation.database import Database
from foundation.errors import Conflict
from foundation.logs import get_logger
from foundation.outbound import http_client
from tenant_stack.settings import TenantSettings

TIMEOUT_SECONDS = 5.0
AGAIN_SECONDS = 600.0
# The control plane lets go of a serial only some time after it was claimed, so a change is told more than once.
SETTLED_SECONDS = 60.0

SERIALS = sa.text("SELECT device_serial, claim_state FROM devices WHERE approved_at IS NOT NULL ORDER BY device_serial")
SETTLE = sa.text("""
UPDATE devices SET claim_state = CASE WHEN device_serial = ANY(CAST(:ours AS text[])) THEN 'ours' ELSE 'elsewhere' END
WHERE approved_at IS NOT NULL
  AND (device_serial = ANY(CAST(:ours AS text[])) OR device_serial = ANY(CAST(:elsewhere AS text[])))
  AND claim_state <> CASE WHEN device_serial = ANY(CAST(:ours AS text[])) THEN 'ours' ELSE 'elsewhere' END
""")


async def claim_serial(settings: TenantSettings, serial: str) -> bool:
    """Claim a serial before its clock is added: True when it is ours, False when nobody could say.

    Raises `Conflict` (``serial_claimed``) when another organisation has it; never tells which.
    """
    answer = await _ask(settings, serials=[serial])
    if answer is None:
        return False
    if serial not in answer.ours:
        raise Conflict(
            "serial_claimed",
            "This serial is registered by another organisation. Check it on the clock; if the clock is yours, "
            "whoever runs the platform can release it",
            field="device_serial",
        )
    return True


async def release_serial(settings: TenantSettings, serial: str) -> None:
    """Let go of the serial of a clock that was removed, so that another organisation may add it at once.

    When nobody answers, `Claimer` lets go of it later.
    """
    await _ask(settings, serials=[], removed=[serial])


class Claimer:
    """Keeps the platform's claims equal to this organisation's clocks; asks when they changed, or after a while."""

    def __init__(self) -> None:
        self._said: list[tuple[str, str]] | None = None
        self._said_at = self._changed_at = 0.0

    async def settle(self, database: Database, settings: TenantSettings) -> None:
        """Tell all our serials, let go of those that are ours no more, and write down what is another's."""
        if settings.control_url is None:
            return
        async with database.transaction() as session:
            known = [(row[0], row[1]) for row in await session.execute(SERIALS)]
        now = time.monotonic()
        if known != self._said:
            self._changed_at = now
        settled = now - self._changed_at > SETTLED_SECONDS and now - self._said_at < AGAIN_SECONDS
        if settled and all(state == "ours" for _, state in known):
            return
        answer = await _ask(settings, serials=[serial for serial, _ in known], whole=True)
        if answer is None:
            return
        async with database.transaction() as session:
            await session.execute(SETTLE, {"ours": answer.ours, "elsewhere": answer.elsewhere})
        ours = set(answer.ours)
        self._said = [(serial, "ours" if serial in ours else "elsewhere") for serial, _ in known]
        self._said_at = now


async def _ask(
    settings: TenantSettings, *, serials: list[str], whole: bool = False, removed: Sequence[str] = ()
) -> DeviceClaimsAnswer | None:
    """The control plane's answer, None when it has none now or this installation has no control plane."""
    if settings.control_url is None:
        return None
    asked = DeviceClaims(slug=settings.slug, serials=serials, whole=whole, removed=list(removed))
    headers = {"authorization": f"Bearer {settings.control_token.get_secret_value()}"}
    try:
        async with http_client(ca_file=settings.ca_file, timeout=TIMEOUT_SECONDS) as client:
            response = await client.post(
                f"{settings.control_url}/api/device-claims", json=asked.model_dump(), headers=headers
            )
        response.raise_for_status()
        return DeviceClaimsAnswer.model_validate_json(response.content)
    except (httpx.HTTPError, ValidationError) as error:
        get_logger().warning("claims.unanswered", error=type(error).__name__)
        return None

"""Delivery of webhook events: each is sent until it succeeds or a day has passed. The state is in PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.addresses import loopback_allowed
from foundation.audit import SYSTEM
from foundation.clock import utc_now
from foundation.database import Database
from foundation.errors import Unavailable
from foundation.outbound import tls_context
from tenant_stack.sealing import Seals
from tenant_stack.settings import TenantSettings
from tenant_stack.tables.base import audited
from tenant_stack.tables.webhooks import Webhook, WebhookDelivery
from tenant_stack.webhooks.delivery_attempt import SECONDS, Outcome, post
from tenant_stack.webhooks.signatures import signature

CAP_SECONDS = 3600.0
GIVE_UP = timedelta(hours=24)
DISABLE = timedelta(hours=72)
LEASE_TIME = timedelta(seconds=60)
BATCH = 16
PER_WEBHOOK = 4

LEASE = sa.text("""
UPDATE webhook_deliveries d SET held_until = now() + CAST(:held AS interval), attempts = attempts + 1
WHERE d.id IN (
    SELECT id FROM webhook_deliveries WHERE state = 'waiting' AND id IN (
        SELECT id FROM (
            SELECT w.id, w.next_at, row_number() OVER (PARTITION BY w.webhook_id ORDER BY w.next_at, w.id) AS place
            FROM webhook_deliveries w JOIN webhooks h ON h.id = w.webhook_id AND h.active
            WHERE w.state = 'waiting' AND w.next_at <= now() AND (w.held_until IS NULL OR w.held_until < now())
        ) due WHERE place <= :each ORDER BY next_at, id LIMIT :most)
    AND (held_until IS NULL OR held_until < now())
    ORDER BY id FOR UPDATE SKIP LOCKED)
RETURNING d.id
""")


@dataclass(frozen=True, slots=True)
class LeasedDelivery:
    """A delivery leased by this worker, with everything an attempt needs. ``sealed``: the encrypted secrets."""

    id: UUID
    webhook_id: UUID
    url: str
    event_id: UUID
    event: str
    body: str
    sealed: list[str]


async def make_deliveries(session: AsyncSession, payloads: list[dict[str, object]]) -> None:
    """Outbox handler: one delivery of each event to each active webhook that subscribes to it. Idempotent."""
    hooks = list(await session.scalars(sa.select(Webhook).where(Webhook.active)))
    rows = [
        {
            "webhook_id": hook.id,
            "event_id": UUID(str(payload["id"])),
            "event": str(payload["event"]),
            "body": delivery_body(payload),
        }
        for payload in payloads
        for hook in hooks
        if payload["event"] in hook.events
    ]
    if rows:
        await session.execute(insert(WebhookDelivery).values(rows).on_conflict_do_nothing())


def delivery_body(payload: dict[str, object]) -> str:
    """The request body, byte for byte."""
    return json.dumps(
        {name: payload[name] for name in ("id", "event", "at", "data")}, ensure_ascii=False, separators=(",", ":")
    )


def retry_delay(attempt: int, retry_after: int | None, random_fraction: Callable[[], float] = random.random) -> float:
    """Seconds until the next attempt: full jitter over 1, 2, 4 … seconds, an hour at most.

    ``retry_after`` (seconds that the receiver asked for) is the least.
    """
    most = min(CAP_SECONDS, 2.0 ** min(attempt, 20))
    return max(random_fraction() * most, min(float(retry_after or 0), CAP_SECONDS))


class Sender:
    """Sends due deliveries. Connects when there is something to send."""

    def __init__(self, settings: TenantSettings, database: Database, seals: Seals) -> None:
        self._settings = settings
        self._database = database
        self._seals = seals
        self._client: httpx.AsyncClient | None = None

    async def send_due(self) -> int:
        """Send one batch; returns the number of attempts."""
        leased = await self._lease_due()
        if leased:
            if self._client is None:
                self._client = httpx.AsyncClient(
                    transport=httpx.AsyncHTTPTransport(
                        verify=tls_context(self._settings.ca_file),
                        retries=0,
                        limits=httpx.Limits(max_keepalive_connections=0),
                    ),
                    follow_redirects=False,
                    trust_env=False,
                    timeout=SECONDS,  # of each step; one deadline for the whole try is in `post`
                )
            await asyncio.gather(*(self._attempt(each, self._client) for each in leased))
        return len(leased)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def _lease_due(self) -> list[LeasedDelivery]:
        async with self._database.transaction() as session:
            ids = list(await session.scalars(LEASE, {"held": LEASE_TIME, "each": PER_WEBHOOK, "most": BATCH}))
            if not ids:
                return []
            query = (
                sa.select(WebhookDelivery, Webhook)
                .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
                .where(WebhookDelivery.id.in_(ids))
            )
            return [_leased_delivery(delivery, hook) for delivery, hook in await session.execute(query)]

    async def _attempt(self, each: LeasedDelivery, client: httpx.AsyncClient) -> None:
        try:
            keys = [await self._seals.open("webhook", each.webhook_id, text) for text in each.sealed]
        except Unavailable as away:
            outcome = Outcome(False, None, away.detail, 0)
        else:
            body, stamp = each.body.encode(), int(time.time())
            headers = {
                "content-type": "application/json",
                "user-agent": "Punctual-Webhooks/1",
                "punctual-event": each.event,
                "punctual-event-id": str(each.event_id),
                "punctual-signature": signature(keys, stamp, str(each.event_id), body),
            }
            outcome = await post(client, each.url, headers, body, loopback=loopback_allowed(self._settings.networks))
        async with self._database.transaction() as session:
            await record_attempt(session, each.id, outcome, utc_now())


def _leased_delivery(delivery: WebhookDelivery, hook: Webhook) -> LeasedDelivery:
    sealed = [hook.secret]
    if hook.previous_secret and hook.previous_until and hook.previous_until > utc_now():
        sealed.append(hook.previous_secret)
    return LeasedDelivery(delivery.id, hook.id, hook.url, delivery.event_id, delivery.event, delivery.body, sealed)


async def record_attempt(session: AsyncSession, delivery_id: UUID, outcome: Outcome, now: datetime) -> None:
    """Record the result of an attempt and what follows from it."""
    query = sa.select(WebhookDelivery).where(WebhookDelivery.id == delivery_id).with_for_update()
    delivery = await session.scalar(query)
    if delivery is None:  # the webhook was removed meanwhile
        return
    hook = await session.scalar(sa.select(Webhook).where(Webhook.id == delivery.webhook_id).with_for_update())
    assert hook is not None
    delivery.held_until, delivery.last_at = None, now
    delivery.last_status, delivery.last_error = outcome.status, outcome.error
    delivery.milliseconds = outcome.milliseconds
    if outcome.ok:
        delivery.state, delivery.delivered_at = "delivered", now
        hook.failing_since, hook.last_success_at = None, now
        return
    hook.failing_since = hook.failing_since or now
    delivery.next_at = now + timedelta(seconds=retry_delay(delivery.attempts, outcome.retry_after))
    if delivery.next_at > delivery.began_at + GIVE_UP:
        delivery.state = "failed"
    if outcome.gone:
        _disable(session, hook, "The receiver says that it is gone (410)")
    elif hook.failing_since <= now - DISABLE:
        _disable(session, hook, f"Every delivery failed for three days; the last time: {outcome.error}")


def _disable(session: AsyncSession, hook: Webhook, reason: str) -> None:
    if hook.active:
        hook.active, hook.disabled_reason = False, reason
        audited(session, SYSTEM, "webhook.disabled", "webhook", hook.id, after={"reason": reason})

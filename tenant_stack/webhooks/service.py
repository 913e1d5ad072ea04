"""Webhooks and their deliveries, as people manage them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.addresses import read_url
from foundation.clock import utc_now
from foundation.errors import Conflict, NotFound
from foundation.pagination import Page, PageRequest, page_of
from foundation.sign_in.principal import Principal
from tenant_stack.sealing import Seals
from tenant_stack.tables.base import audited
from tenant_stack.tables.webhooks import Webhook, WebhookDelivery
from tenant_stack.views import view_of
from tenant_stack.webhook_events import TEST_EVENT
from tenant_stack.webhooks.delivery import delivery_body
from tenant_stack.webhooks.schemas import (
    ChangedWebhook,
    DeliveryView,
    NewWebhook,
    Replayed,
    State,
    WebhookMade,
    WebhookView,
)
from tenant_stack.webhooks.signatures import new_secret

WEBHOOK = "webhook"
OVERLAP = timedelta(hours=24)
MOST_WEBHOOKS = 50

WAITING, FAILED = (
    sa.select(sa.func.count())
    .where(WebhookDelivery.webhook_id == Webhook.id, WebhookDelivery.state == state)
    .scalar_subquery()
    for state in ("waiting", "failed")
)


def _view(row: Any) -> WebhookView:
    """A row of webhook, waiting and failed deliveries."""
    hook: Webhook = row[0]
    until = hook.previous_until if hook.previous_until and hook.previous_until > utc_now() else None
    return view_of(WebhookView, hook, second_secret_until=until, waiting=row[1], failed=row[2])


async def list_webhooks(session: AsyncSession, page: PageRequest) -> Page[WebhookView]:
    """Webhooks, oldest first; never their secrets."""
    query: sa.Select[*tuple[Any, ...]] = sa.select(Webhook, WAITING, FAILED)
    order = [Webhook.__table__.c.created_at, Webhook.__table__.c.id]
    return await page_of(session, query, page, _view, order=order)


async def read_webhook(session: AsyncSession, webhook_id: UUID) -> WebhookView:
    row = (await session.execute(sa.select(Webhook, WAITING, FAILED).where(Webhook.id == webhook_id))).one_or_none()
    if row is None:
        raise NotFound("webhook_not_found", "There is no such webhook")
    return _view(row)


async def create_webhook(
    session: AsyncSession, wanted: NewWebhook, caller: Principal, seals: Seals, *, loopback: bool
) -> WebhookMade:
    """Create a webhook; its secret is in this answer and in no other."""
    read_url(wanted.url, loopback=loopback)
    if (await session.scalar(sa.select(sa.func.count()).select_from(Webhook)) or 0) >= MOST_WEBHOOKS:
        raise Conflict("too_many_webhooks", f"There are {MOST_WEBHOOKS} webhooks already; remove one first")
    webhook_id, secret = uuid4(), new_secret()
    hook = Webhook(
        id=webhook_id,
        name=wanted.name,
        url=wanted.url,
        events=sorted(set(wanted.events)),
        secret=await seals.seal("webhook", webhook_id, secret),
    )
    session.add(hook)
    await session.flush()
    await session.refresh(hook)
    audited(session, caller.actor, "webhook.create", WEBHOOK, hook.id, after=_audit_fields(hook))
    return WebhookMade(**_view((hook, 0, 0)).model_dump(), secret=secret)


async def change_webhook(
    session: AsyncSession, webhook_id: UUID, wanted: ChangedWebhook, caller: Principal, *, loopback: bool
) -> WebhookView:
    """Change a webhook; waiting deliveries go to the new address."""
    read_url(wanted.url, loopback=loopback)
    hook = await _lock(session, webhook_id)
    before = _audit_fields(hook)
    if wanted.active and not hook.active:
        hook.disabled_reason, hook.failing_since = "", None
    hook.name, hook.url, hook.events, hook.active = wanted.name, wanted.url, sorted(set(wanted.events)), wanted.active
    audited(session, caller.actor, "webhook.update", WEBHOOK, hook.id, before=before, after=_audit_fields(hook))
    await session.flush()
    return await read_webhook(session, webhook_id)


async def delete_webhook(session: AsyncSession, webhook_id: UUID, caller: Principal) -> None:
    """Delete a webhook and its deliveries."""
    hook = await _lock(session, webhook_id)
    audited(session, caller.actor, "webhook.delete", WEBHOOK, hook.id, before=_audit_fields(hook))
    await session.delete(hook)


async def renew_secret(session: AsyncSession, webhook_id: UUID, caller: Principal, seals: Seals) -> WebhookMade:
    """Create a new secret; the previous one signs too for a day."""
    hook = await _lock(session, webhook_id)
    secret = new_secret()
    hook.previous_secret, hook.previous_until = hook.secret, utc_now() + OVERLAP
    hook.secret, hook.secret_made_at = await seals.seal("webhook", hook.id, secret), utc_now()
    audited(session, caller.actor, "webhook.secret", WEBHOOK, hook.id, after={"both_until": str(hook.previous_until)})
    await session.flush()
    view = await read_webhook(session, webhook_id)
    return WebhookMade(**view.model_dump(), secret=secret)


async def send_test(session: AsyncSession, webhook_id: UUID, caller: Principal) -> DeliveryView:
    """Queue a test event for one webhook."""
    hook = await _lock_active(session, webhook_id)
    event_id = uuid4()
    payload: dict[str, object] = {
        "id": str(event_id),
        "event": TEST_EVENT,
        "at": utc_now().isoformat(timespec="milliseconds"),
        "data": {"text": "This is a test", "by": caller.label},
    }
    delivery = WebhookDelivery(webhook_id=hook.id, event_id=event_id, event=TEST_EVENT, body=delivery_body(payload))
    session.add(delivery)
    await session.flush()
    await session.refresh(delivery)
    audited(session, caller.actor, "webhook.test", WEBHOOK, hook.id)
    return _delivery_view(delivery)


async def _lock_active(session: AsyncSession, webhook_id: UUID) -> Webhook:
    hook = await _lock(session, webhook_id)
    if not hook.active:
        raise Conflict("webhook_off", "The webhook is off; turn it on first")
    return hook


async def list_deliveries(
    session: AsyncSession, page: PageRequest, webhook_id: UUID, state: State | None
) -> Page[DeliveryView]:
    """Deliveries of a webhook, newest first."""
    await read_webhook(session, webhook_id)
    query = sa.select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    if state is not None:
        query = query.where(WebhookDelivery.state == state)
    order = [WebhookDelivery.__table__.c.id]
    return await page_of(session, query, page, lambda row: _delivery_view(row[0]), order=order, descending=True)


def _delivery_view(delivery: WebhookDelivery) -> DeliveryView:
    return view_of(DeliveryView, delivery, next_at=delivery.next_at if delivery.state == "waiting" else None)


async def replay(session: AsyncSession, webhook_id: UUID, delivery_id: UUID | None, caller: Principal) -> Replayed:
    """Send one delivery again, or all that failed: the same event, id and body."""
    hook = await _lock_active(session, webhook_id)
    change = sa.update(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    if delivery_id is not None:
        change = change.where(WebhookDelivery.id == delivery_id)
    else:
        change = change.where(WebhookDelivery.state == "failed")
    now = sa.func.now()
    statement = change.values(state="waiting", next_at=now, began_at=now, held_until=None, attempts=0).returning(
        WebhookDelivery.id
    )
    found = list(await session.scalars(statement))
    if delivery_id is not None and not found:
        raise NotFound("delivery_not_found", "There is no such delivery")
    audited(session, caller.actor, "webhook.replay", WEBHOOK, hook.id, after={"deliveries": len(found)})
    return Replayed(deliveries=len(found))


async def _lock(session: AsyncSession, webhook_id: UUID) -> Webhook:
    hook = await session.scalar(sa.select(Webhook).where(Webhook.id == webhook_id).with_for_update())
    if hook is None:
        raise NotFound("webhook_not_found", "There is no such webhook")
    return hook


def _audit_fields(hook: Webhook) -> dict[str, object]:
    return {"name": hook.name, "url": hook.url, "events": hook.events, "active": hook.active}

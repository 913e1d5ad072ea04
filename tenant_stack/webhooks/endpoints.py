"""``/api/webhooks``: where events go, and what became of them."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from foundation.addresses import loopback_allowed
from foundation.database import after_commit
from foundation.pagination import Page
from tenant_stack.access.dependencies import (
    Paging,
    Settings,
    SettingsEditor,
    SettingsReader,
    SignIn,
    Transaction,
    Worker,
)
from tenant_stack.webhooks import service
from tenant_stack.webhooks.schemas import (
    ChangedWebhook,
    DeliveryView,
    NewWebhook,
    Replayed,
    State,
    WebhookMade,
    WebhookView,
)


def webhooks_router() -> APIRouter:
    router = APIRouter(prefix="/api/webhooks", tags=["webhooks"])
    one = "/{webhook_id}"
    router.add_api_route("", list_webhooks, methods=["GET"])
    router.add_api_route("", create_webhook, methods=["POST"], status_code=201)
    router.add_api_route(one, read_webhook, methods=["GET"])
    router.add_api_route(one, change_webhook, methods=["PUT"])
    router.add_api_route(one, delete_webhook, methods=["DELETE"], status_code=204)
    router.add_api_route(f"{one}/secret", renew_webhook_secret, methods=["POST"])
    router.add_api_route(f"{one}/test", test_webhook, methods=["POST"], status_code=202)
    router.add_api_route(f"{one}/deliveries", list_webhook_deliveries, methods=["GET"])
    router.add_api_route(f"{one}/replay", replay_failed_deliveries, methods=["POST"], status_code=202)
    router.add_api_route(f"{one}/deliveries/{{delivery_id}}/replay", replay_delivery, methods=["POST"], status_code=202)
    return router


async def list_webhooks(caller: SettingsReader, session: Transaction, page: Paging) -> Page[WebhookView]:
    """Webhooks; never their secrets."""
    return await service.list_webhooks(session, page)


async def create_webhook(
    wanted: NewWebhook, caller: SettingsEditor, session: Transaction, settings: Settings, sign_in: SignIn
) -> WebhookMade:
    """Make a webhook. The secret that signs its deliveries is in this answer only."""
    loopback = loopback_allowed(settings.networks)
    return await service.create_webhook(session, wanted, caller, sign_in.seals, loopback=loopback)


async def read_webhook(webhook_id: UUID, caller: SettingsReader, session: Transaction) -> WebhookView:
    """A webhook."""
    return await service.read_webhook(session, webhook_id)


async def change_webhook(
    webhook_id: UUID, wanted: ChangedWebhook, caller: SettingsEditor, session: Transaction, settings: Settings
) -> WebhookView:
    """Change a webhook, or turn it off and on."""
    loopback = loopback_allowed(settings.networks)
    return await service.change_webhook(session, webhook_id, wanted, caller, loopback=loopback)


async def delete_webhook(webhook_id: UUID, caller: SettingsEditor, session: Transaction) -> None:
    """Remove a webhook with its deliveries."""
    await service.delete_webhook(session, webhook_id, caller)


async def renew_webhook_secret(
    webhook_id: UUID, caller: SettingsEditor, session: Transaction, sign_in: SignIn
) -> WebhookMade:
    """A new secret; the one before is good for another day."""
    return await service.renew_secret(session, webhook_id, caller, sign_in.seals)


async def test_webhook(webhook_id: UUID, caller: SettingsEditor, session: Transaction, hints: Worker) -> DeliveryView:
    """Send a test event."""
    made = await service.send_test(session, webhook_id, caller)
    after_commit(session, hints.drain)
    return made


async def list_webhook_deliveries(
    webhook_id: UUID, caller: SettingsReader, session: Transaction, page: Paging, state: State | None = None
) -> Page[DeliveryView]:
    """What was sent, what waits, what failed; newest first."""
    return await service.list_deliveries(session, page, webhook_id, state)


async def replay_delivery(
    webhook_id: UUID, delivery_id: UUID, caller: SettingsEditor, session: Transaction, hints: Worker
) -> Replayed:
    """Send a delivery once more, the same to the byte."""
    answer = await service.replay(session, webhook_id, delivery_id, caller)
    after_commit(session, hints.drain)
    return answer


async def replay_failed_deliveries(
    webhook_id: UUID, caller: SettingsEditor, session: Transaction, hints: Worker
) -> Replayed:
    """Send everything that failed once more."""
    answer = await service.replay(session, webhook_id, None, caller)
    after_commit(session, hints.drain)
    return answer

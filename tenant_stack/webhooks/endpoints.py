"""``/api/webhooks``: where events go, and what became of them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import HTTPConnection

from foundation.database import after_commit
from foundation.pagination import Page
from foundation.public_addresses import loopback_allowed
from foundation.sign_in.principal import Principal, Requires
from tenant_stack.access.dependencies import Paging, Settings, Transaction, Worker
from tenant_stack.sealing import Seals, open_seals
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

Reader = Annotated[Principal, Depends(Requires("settings:read"))]
Editor = Annotated[Principal, Depends(Requires("settings:update"))]


def _seals(connection: HTTPConnection) -> Seals:
    """One per process, created on first use: most organisations have no webhooks."""
    state = connection.app.state
    if getattr(state, "webhook_seals", None) is None:
        state.webhook_seals = open_seals(state.settings)
    found: Seals = state.webhook_seals
    return found


Secrets = Annotated[Seals, Depends(_seals)]


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


async def list_webhooks(caller: Reader, session: Transaction, page: Paging) -> Page[WebhookView]:
    """Webhooks; never their secrets."""
    return await service.list_webhooks(session, page)


async def create_webhook(
    wanted: NewWebhook, caller: Editor, session: Transaction, settings: Settings, secrets: Secrets
) -> WebhookMade:
    """Make a webhook. The secret that signs its deliveries is in this answer only."""
    loopback = loopback_allowed(settings.networks)
    return await service.create_webhook(session, wanted, caller, secrets, loopback=loopback)


async def read_webhook(webhook_id: UUID, caller: Reader, session: Transaction) -> WebhookView:
    """A webhook."""
    return await service.read_webhook(session, webhook_id)


async def change_webhook(
    webhook_id: UUID, wanted: ChangedWebhook, caller: Editor, session: Transaction, settings: Settings
) -> WebhookView:
    """Change a webhook, or turn it off and on."""
    loopback = loopback_allowed(settings.networks)
    return await service.change_webhook(session, webhook_id, wanted, caller, loopback=loopback)


async def delete_webhook(webhook_id: UUID, caller: Editor, session: Transaction) -> None:
    """Remove a webhook with its deliveries."""
    await service.delete_webhook(session, webhook_id, caller)


async def renew_webhook_secret(webhook_id: UUID, caller: Editor, session: Transaction, secrets: Secrets) -> WebhookMade:
    """A new secret; the one before is good for another day."""
    return await service.renew_secret(session, webhook_id, caller, secrets)


async def test_webhook(webhook_id: UUID, caller: Editor, session: Transaction, hints: Worker) -> DeliveryView:
    """Send a test event."""
    made = await service.send_test(session, webhook_id, caller)
    after_commit(session, hints.drain)
    return made


async def list_webhook_deliveries(
    webhook_id: UUID, caller: Reader, session: Transaction, page: Paging, state: State | None = None
) -> Page[DeliveryView]:
    """What was sent, what waits, what failed; newest first."""
    return await service.list_deliveries(session, page, webhook_id, state)


async def replay_delivery(
    webhook_id: UUID, delivery_id: UUID, caller: Editor, session: Transaction, hints: Worker
) -> Replayed:
    """Send a delivery once more, the same to the byte."""
    answer = await service.replay(session, webhook_id, delivery_id, caller)
    after_commit(session, hints.drain)
    return answer


async def replay_failed_deliveries(webhook_id: UUID, caller: Editor, session: Transaction, hints: Worker) -> Replayed:
    """Send everything that failed once more."""
    answer = await service.replay(session, webhook_id, None, caller)
    after_commit(session, hints.drain)
    return answer

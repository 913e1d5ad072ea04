"""Webhooks from the change to the receiver: signed, tried again, played again, disabled with a reason."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from foundation import outbox
from foundation.clock import utc_now
from foundation.database import Database
from foundation.vault import Vault
from tenant_stack.sealing import Seals
from tenant_stack.settings import TenantSettings
from tenant_stack.tables.base import OutboxEntry
from tenant_stack.webhook_events import TOPIC, announce
from tenant_stack.webhooks.delivery import Sender, make_deliveries, record_attempt
from tenant_stack.webhooks.delivery_attempt import Outcome
from tenant_stack.webhooks.signatures import verify
from tests.tenant_stack.actors import Api
from tests.tenant_stack.conftest import client_of, eventually, page_headers, running_role, sign_in
from tests.tenant_stack.payroll.people import MARCH, hire, work
from tests.tenant_stack.records import run
from tests.tenant_stack.webhooks.receiver import Received, Receiver, receiving

HOOKS = "/api/webhooks"
BUSY = b"503 Busy\r\ncontent-length: 0\r\n\r\n"
FINE = b"200 OK\r\ncontent-length: 0\r\n\r\n"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


def new_sender(document: dict[str, object], database: Database) -> Sender:
    settings = TenantSettings.model_validate(document)
    vault = Vault(settings.vault_url, settings.vault_role_id, settings.vault_secret_id.get_secret_value())
    return Sender(settings, database, Seals(vault, settings.backups_key))


@pytest.fixture
async def sender(document: dict[str, object], database: Database) -> AsyncIterator[Sender]:
    found = new_sender(document, database)
    yield found
    await found.close()


async def hook(api: Api, url: str, *events: str) -> Any:
    return await api.post(HOOKS, {"name": "Payroll", "url": url, "events": list(events) or ["period.locked"]})


async def happen(database: Database, number: int = 1, event: str = "period.locked") -> None:
    """An event is announced and reaches the deliveries."""
    async with database.transaction() as session:
        announce(session, event, {"number": number})
    assert await outbox.drain(database, OutboxEntry, {TOPIC: make_deliveries}) == 1


async def deliveries(api: Api, made: Any, **filters: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await api.get(f"{HOOKS}/{made['id']}/deliveries", **filters))["items"]
    return items


async def due_now(database: Database) -> None:
    await run(database, "UPDATE webhook_deliveries SET next_at = now()")


def is_signed(received: Received, secret: str) -> bool:
    headers = received.headers
    return verify(headers["punctual-signature"], secret, headers["punctual-event-id"], received.body, int(time.time()))


async def test_an_event_arrives_signed(api: Api, database: Database, sender: Sender, receiver: Receiver) -> None:
    made = await hook(api, receiver.url)
    await happen(database)
    await happen(database, event="period.approved")  # nobody asked for it
    assert await sender.send_due() == 1
    (received,) = receiver.received
    assert is_signed(received, made["secret"])
    assert not is_signed(received, made["secret"] + "x")
    document = json.loads(received.body)
    assert (document["event"], document["data"]) == ("period.locked", {"number": 1})
    assert document["id"] == received.headers["punctual-event-id"]
    (delivery,) = await deliveries(api, made)
    assert (delivery["state"], delivery["attempts"], delivery["last_status"]) == ("delivered", 1, 200)
    assert await sender.send_due() == 0


async def test_secrets_are_shown_once_and_kept_sealed(api: Api, database: Database, receiver: Receiver) -> None:
    made = await hook(api, receiver.url)
    for seen in (await api.get(HOOKS), await api.get(f"{HOOKS}/{made['id']}")):
        assert made["secret"] not in json.dumps(seen)
    stored = await run(database, "SELECT w.secret, a.after::text FROM webhooks w, audit_log a")
    assert made["secret"] not in str(stored)
    assert str(stored[0][0]).startswith("vault:v")


async def test_both_secrets_sign_while_they_are_changed(
    api: Api, database: Database, sender: Sender, receiver: Receiver
) -> None:
    made = await hook(api, receiver.url)
    renewed = await api.post(f"{HOOKS}/{made['id']}/secret", status=200)
    assert renewed["second_secret_until"] is not None
    await happen(database)
    await sender.send_due()
    assert is_signed(receiver.received[0], made["secret"])
    assert is_signed(receiver.received[0], renewed["secret"])
    await run(database, "UPDATE webhooks SET previous_until = now()")
    await happen(database, 2)
    await sender.send_due()
    assert not is_signed(receiver.received[1], made["secret"])
    assert is_signed(receiver.received[1], renewed["secret"])


async def test_a_secret_moved_to_another_row_signs_nothing(
    api: Api, database: Database, sender: Sender, receiver: Receiver
) -> None:
    one, _ = await hook(api, receiver.url), await hook(api, receiver.url, "period.approved")
    await run(database, "UPDATE webhooks SET secret = (SELECT max(secret) FROM webhooks o WHERE o.id <> webhooks.id)")
    await happen(database)
    await sender.send_due()
    assert receiver.received == []
    (delivery,) = await deliveries(api, one)
    assert "secret cannot be read" in delivery["last_error"]


async def test_a_failure_is_tried_again_until_it_arrives(
    api: Api, database: Database, sender: Sender, receiver: Receiver
) -> None:
    made = await hook(api, receiver.url)
    receiver.answers = [BUSY, b"302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n", FINE]
    await happen(database)
    for attempt, state in ((1, "waiting"), (2, "waiting"), (3, "delivered")):
        assert await sender.send_due() == 1
        (delivery,) = await deliveries(api, made)
        assert (delivery["attempts"], delivery["state"]) == (attempt, state)
        await due_now(database)
    assert len({received.headers["punctual-event-id"] for received in receiver.received}) == 1
    assert len({received.body for received in receiver.received}) == 1
    assert (await api.get(f"{HOOKS}/{made['id']}"))["failing_since"] is None


async def test_a_day_later_it_is_given_up_and_can_be_played_again(
    api: Api, database: Database, sender: Sender, receiver: Receiver
) -> None:
    made = await hook(api, receiver.url)
    receiver.answers = [BUSY, BUSY, FINE]
    for number in (1, 2):
        await happen(database, number)
    await run(database, "UPDATE webhook_deliveries SET began_at = now() - interval '25 hours'")
    assert await sender.send_due() == 2
    failed = await deliveries(api, made, state="failed")
    assert len(failed) == 2
    assert await sender.send_due() == 0
    one = f"{HOOKS}/{made['id']}/deliveries/{failed[0]['id']}/replay"
    assert await api.post(one, status=202) == {"deliveries": 1}
    assert await api.post(f"{HOOKS}/{made['id']}/replay", status=202) == {"deliveries": 1}
    assert await sender.send_due() == 2
    assert {each["state"] for each in await deliveries(api, made)} == {"delivered"}
    assert receiver.received[0].body in {each.body for each in receiver.received[2:]}


async def test_long_failure_disables_with_a_reason(
    api: Api, database: Database, sender: Sender, receiver: Receiver
) -> None:
    made = await hook(api, receiver.url)
    receiver.answers = [BUSY]
    await happen(database)
    await sender.send_due()
    await run(database, "UPDATE webhooks SET failing_since = now() - interval '73 hours'")
    await due_now(database)
    await sender.send_due()
    shown = await api.get(f"{HOOKS}/{made['id']}")
    assert shown["active"] is False
    assert shown["disabled_reason"] == "Every delivery failed for three days; the last time: It answered 503"
    await due_now(database)
    assert await sender.send_due() == 0
    assert (await api.post(f"{HOOKS}/{made['id']}/test", status=409))["code"] == "webhook_off"
    change = {"name": "Payroll", "url": receiver.url, "events": ["period.locked"], "active": True}
    assert (await api.put(f"{HOOKS}/{made['id']}", change))["disabled_reason"] == ""
    receiver.answers = [FINE]
    assert await sender.send_due() == 1


async def test_gone_means_gone(api: Api, database: Database, sender: Sender, receiver: Receiver) -> None:
    made = await hook(api, receiver.url)
    receiver.answers = [b"410 Gone\r\ncontent-length: 0\r\n\r\n"]
    await api.post(f"{HOOKS}/{made['id']}/test", status=202)
    assert await sender.send_due() == 1
    assert "gone" in (await api.get(f"{HOOKS}/{made['id']}"))["disabled_reason"]


async def test_two_workers_send_once_and_a_dead_one_is_replaced(
    api: Api, database: Database, sender: Sender, document: dict[str, object], receiver: Receiver
) -> None:
    await hook(api, receiver.url)
    for number in range(4):
        await happen(database, number)
    other = new_sender(document, database)
    try:
        sent = await asyncio.gather(sender.send_due(), other.send_due())
        assert sum(sent) == 4
        assert len(receiver.received) == 4
        # One that died in the middle holds its delivery for a minute only.
        held = "UPDATE webhook_deliveries SET state = 'waiting', next_at = now(), held_until = now() + interval '{}'"
        await run(database, held.format("30 s"))
        assert await other.send_due() == 0
        await run(database, held.format("-1 s"))
        assert await other.send_due() == 4
    finally:
        await other.close()


async def test_late_answers_about_a_removed_webhook_are_nothing(
    api: Api, database: Database, receiver: Receiver
) -> None:
    made = await hook(api, receiver.url)
    await happen(database)
    (delivery,) = await deliveries(api, made)
    await api.delete(f"{HOOKS}/{made['id']}")
    async with database.transaction() as session:
        await record_attempt(session, UUID(delivery["id"]), Outcome(True, 200, "", 1), utc_now() + timedelta(seconds=1))
    assert (await api.get(HOOKS))["total"] == 0


@pytest.mark.parametrize("url", ["http://example.com/", "https://10.0.0.1/", "https://[::ffff:169.254.169.254]/"])
async def test_private_addresses_are_refused_on_entry(url: str, api: Api) -> None:
    answer = await api.post(HOOKS, {"name": "X", "url": url, "events": ["period.locked"]}, 422)
    assert (answer["code"], answer["field"]) == ("address_refused", "url")


async def test_rights(app: FastAPI) -> None:
    async with client_of(app, **page_headers(await sign_in(app, "manager"))) as client:
        manager = Api(client)
        await manager.call("GET", HOOKS, 403)
        await manager.post(HOOKS, {"name": "X", "url": "https://example.com", "events": ["period.locked"]}, 403)


async def test_from_a_batch_and_a_lock_to_the_receiver(
    api: Api, database: Database, document: dict[str, object], receiver: Receiver, tmp_path: Path
) -> None:
    """Through the worker's process: approving, locking and exporting a period is told."""
    made = await hook(api, receiver.url, "period.approved", "period.locked", "payroll.batch.created")
    staff_id = await hire(database, "1", "Ann Bee")
    await work(database, staff_id, 2, 28_800, state="open")
    period = await api.post("/api/attendance/periods", {"starts_on": "2026-03-01", "ends_on": "2026-03-31"})
    approve = {"from": "2026-03-01", "to": "2026-03-31", "action": "approve"}
    assert (await api.post("/api/attendance/approve", approve, 200))["changed"] == 1
    await api.post(f"/api/attendance/periods/{period['id']}/lock", status=200)
    batch = await api.post("/api/payroll/batches", {**MARCH, "profile": "gusto"})

    async def all_there() -> bool:
        return len(receiver.received) == 3

    with running_role("worker", document, tmp_path):
        await eventually(all_there, seconds=40)
    told = {json.loads(each.body)["event"]: json.loads(each.body)["data"] for each in receiver.received}
    assert set(told) == {"period.approved", "period.locked", "payroll.batch.created"}
    assert told["period.approved"]["period_id"] == told["period.locked"]["period_id"] == period["id"]
    assert told["payroll.batch.created"]["sha256"] == batch["sha256"]
    assert all(is_signed(each, made["secret"]) for each in receiver.received)

"""From a clock to an open page: a real back end and a real worker in processes of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from websockets.asyncio.client import unix_connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from foundation.database import Database
from foundation.outbound import service_client
from tenant_stack.live.hub import BACKLOG, Listener
from tests.tenant_stack.actors import SERIAL, Api, Bridge, in_local, punch
from tests.tenant_stack.conftest import PUBLIC_URL, eventually, running_role, sign_in
from tests.tenant_stack.fakes import FakeBridge, served
from tests.tenant_stack.open_page import OpenPage, open_socket

SUMMARY = {
    "serial": "P1",
    "device_records": 9,
    "received": 9,
    "stored": 4,
    "duplicate": 5,
    "quarantined": 0,
    "users_read": 2,
    "users_written": 0,
    "log_read": True,
}


@pytest.fixture
def backend(document: dict[str, object], tmp_path: Path) -> Iterator[str]:
    with running_role("backend", document, tmp_path):
        yield str(document["listen"])


@pytest.fixture
def worker(document: dict[str, object], tmp_path: Path) -> Iterator[Any]:
    with running_role("worker", document, tmp_path) as process:
        yield process


@pytest.fixture
async def over_socket(backend: str) -> AsyncIterator[Bridge]:
    async with service_client(backend, token="bridge-token") as client:
        yield Bridge(client)


async def test_a_punch_reaches_an_open_page(
    backend: str, worker: Any, over_socket: Bridge, app: FastAPI, api: Api
) -> None:
    await api.add_device()
    person = await api.add_staff("7")
    cookie = await sign_in(app, "viewer")
    async with open_socket(backend, cookie) as socket:
        page = OpenPage(socket)
        await page.next_of("hello")
        await over_socket.punches(punch("8", "2026-03-02 08:00:00"))  # the first one makes its month
        await page.next_of("punch")
        for minute in range(3):
            wall_time = f"{in_local(4):%Y-%m-%d} 00:{minute * 5:02}:00"
            assert (await over_socket.punches(punch("7", wall_time)))["stored"] == 1
            shown, record = (await page.next_of("punch"))["punch"], (await page.next_of("record"))["record"]
            assert (shown["local_time"], shown["staff_id"]) == (wall_time, person["id"])
            assert (record["staff_id"], record["punch_count"]) == (person["id"], minute + 1)
        assert (await page.next_of("device"))["device"]["status"] == "online"
        assert (await page.next_of("heartbeat"))["at"]


async def test_who_may_listen(backend: str, app: FastAPI, api: Api, database: Database) -> None:
    cookie = await sign_in(app)
    for refused, origin in ((None, PUBLIC_URL), ("guessed", PUBLIC_URL), (cookie, "https://evil.example")):
        with pytest.raises(InvalidStatus) as refusal:
            async with open_socket(backend, refused, origin):
                pass
        assert refusal.value.response.status_code in {401, 403}
    async with open_socket(backend, cookie) as socket:
        await OpenPage(socket).next_of("hello")
        async with database.transaction() as session:
            await session.execute(sa.text("UPDATE users SET active = false"))
        with pytest.raises(ConnectionClosed) as closed:
            await OpenPage(socket).next_of("never")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


async def test_a_bearer_token_opens_no_socket(backend: str, app: FastAPI, document: dict[str, object]) -> None:
    async with service_client(backend, token="control-token") as control:
        made = (
            await control.post("/internal/control/clients", json={"name": "x", "scopes": ["attendance:read"]})
        ).json()
    form = {"grant_type": "client_credentials", "client_id": made["client_id"], "client_secret": made["client_secret"]}
    async with service_client(backend, token="nobody") as client:
        public = {"host": "acme.localhost:8443"}
        token = (await client.post("/oauth/token", data=form, headers=public)).json()["access_token"]
    with pytest.raises(InvalidStatus) as refusal:
        async with unix_connect(
            backend.removeprefix("unix:"),
            "ws://acme.localhost:8443/api/live",
            additional_headers={"authorization": f"Bearer {token}"},
        ):
            pass
    assert refusal.value.response.status_code == 401


async def test_what_was_committed_survives_a_worker_that_was_not_there(
    document: dict[str, object], tmp_path: Path, api: Api, bridge: Bridge, database: Database
) -> None:
    await api.add_device()
    await api.add_staff("7")
    await bridge.punches(punch("7", "2026-03-02 08:00:00"), punch("7", "2026-03-02 17:00:00", 1))

    async def waiting() -> int:
        async with database.transaction() as session:
            return int(await session.scalar(sa.text("SELECT count(*) FROM outbox")) or 0)

    with running_role("worker", document, tmp_path) as process:
        await eventually(lambda: api.get("/api/attendance/records", status="present"), what="a first answer")
        process.kill()  # in the middle of whatever it does
        process.wait()
    await bridge.punches(punch("7", "2026-03-03 08:00:00"))
    assert await waiting() >= 1  # nobody is there to drain it; the hint is lost or late

    async def all_done() -> bool:
        records = await api.get("/api/attendance/records")
        return await waiting() == 0 and [each["work_date"] for each in records["items"]] == ["2026-03-03", "2026-03-02"]

    with running_role("worker", document, tmp_path):
        await eventually(all_done, what="the outbox drained and both days computed")


async def sync_of(api: Api, device_id: str, *states: str) -> dict[str, Any]:
    async def reached() -> dict[str, Any] | None:
        newest: dict[str, Any] = (await api.get(f"/api/devices/{device_id}/syncs"))["items"][0]
        return newest if newest["state"] in states else None

    found: dict[str, Any] = await eventually(reached, seconds=20, what=f"a synchronisation that is {states}")
    return found


async def test_a_synchronisation_is_tried_again_until_it_works(
    document: dict[str, object], worker: Any, api: Api
) -> None:
    fake = FakeBridge(
        [
            (504, {"code": "terminal_timeout", "detail": "The clock did not answer in time"}),
            (503, {"code": "backend_unavailable", "detail": "Busy"}),
            (200, SUMMARY),
        ]
    )
    path = str(document["bridge_address"]).removeprefix("unix:")
    async with served(fake.app, uds=path):
        device = await api.add_device("P1", connection="pull", ip_address="127.0.0.1")
        first = await api.post(f"/api/devices/{device['id']}/sync", status=202)
        assert (first["state"], first["requested_by"], first["attempts"]) == ("queued", "Owner", 0)
        assert (await api.post(f"/api/devices/{device['id']}/sync", status=202))["id"] == first["id"]
        done = await sync_of(api, device["id"], "done", "failed")
        assert (done["state"], done["attempts"], done["received"], done["stored"]) == ("done", 3, 9, 4)
        assert fake.synced == ["P1"] * 3
        assert (await api.get(f"/api/devices/{device['id']}"))["last_sync_at"]
        await eventually(lambda: _true(fake.refreshed >= 1), what="the bridge told of the new clock")


async def _true(condition: bool) -> bool:
    return condition


async def test_what_time_does_not_mend_is_not_tried_again(document: dict[str, object], worker: Any, api: Api) -> None:
    fake = FakeBridge([(502, {"code": "terminal_refused", "detail": "The clock wants another communication key"})])
    path = str(document["bridge_address"]).removeprefix("unix:")
    device = await api.add_device("P1", connection="pull", ip_address="127.0.0.1")
    async with served(fake.app, uds=path):
        await api.post(f"/api/devices/{device['id']}/sync", status=202)
        failed = await sync_of(api, device["id"], "done", "failed")
        assert (failed["state"], failed["attempts"]) == ("failed", 1)
        assert failed["message"] == "The clock wants another communication key"
        again = await api.post(f"/api/devices/{device['id']}/sync", status=202)
        assert again["id"] != failed["id"]


async def test_a_bridge_that_is_away_is_waited_for(worker: Any, api: Api) -> None:
    device = await api.add_device("P1", connection="pull", ip_address="127.0.0.1")
    await api.post(f"/api/devices/{device['id']}/sync", status=202)
    waiting = await sync_of(api, device["id"], "retrying")
    assert waiting["message"] == "The device bridge does not answer"


async def test_a_push_clock_synchronises_when_it_polls(worker: Any, api: Api, bridge: Bridge) -> None:
    device = await api.add_device()
    await api.post(f"/api/devices/{device['id']}/sync", status=202)
    await sync_of(api, device["id"], "running")
    lease = {"serial": SERIAL, "source_address": "", "at": "2026-03-02T08:00:00Z"}
    commands = (await bridge.call("commands/lease", lease))["commands"]
    assert [each["kind"] for each in commands] == ["check", "info"]
    assert (await api.get(f"/api/devices/{device['id']}/status"))["queued_commands"] == 2
    await bridge.punches(punch("7", "2026-03-02 08:00:00"))
    results = [{"id": each["id"], "code": 0} for each in commands]
    await bridge.call("commands/results", {**lease, "results": results[:1]}, 204)
    assert (await sync_of(api, device["id"], "running"))["stored"] == 0
    await bridge.call("commands/results", {**lease, "results": results}, 204)
    done = await sync_of(api, device["id"], "done")
    assert done["stored"] == 1


async def test_a_socket_does_not_keep_a_session_alive(backend: str, app: FastAPI) -> None:
    cookie = await sign_in(app)
    async with open_socket(backend, cookie) as socket:
        await OpenPage(socket).next_of("hello")
        valkey = app.state.valkey
        async for key in valkey.client.scan_iter(valkey.key("session", "*")):
            await valkey.client.pexpire(key, 700)  # as if the idle time were nearly over
        with pytest.raises(ConnectionClosed):
            await OpenPage(socket).next_of("never")


async def test_a_page_that_cannot_keep_up_is_cut() -> None:
    listener = Listener()
    for number in range(BACKLOG + 5):
        listener.push(str(number))
    received = []
    while (message := await listener.next()) is not None:
        received.append(message)
    assert received == [str(number) for number in range(1, BACKLOG)]

"""Two organisations with identical ids and different words: nothing that one is shown holds a word of the other's."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from dataclasses import dataclass
from uuid import uuid4

import hypothesis
import pytest
import websockets
from hypothesis import HealthCheck, Phase

from control_plane.local.platform import Platform
from device_bridge.simulator.push_clock import PushClock
from tenant_stack.access.clients import PERSONS_ONLY
from tenant_stack.access.permissions import PERMISSIONS
from tests.browser import signed_in_cookie
from tests.operator import Client, Operator, until
from tests.security.operations import OPERATIONS, Caller, Case
from tests.security.twins import lift_limits, make_twin
from tests.tenant_stack.test_logo import encoded, plain

HERE, THERE = "CanaryAurora", "CanaryBorealis"
EXAMPLES = 3


@dataclass
class Twins:
    here: Caller
    there: Caller
    clients: tuple[Client, Client]
    rows: int


@pytest.fixture(scope="module")
def twins(platform: Platform, operator: Operator) -> Twins:
    async def prepare() -> Twins:
        async with operator.console() as console:
            await asyncio.gather(operator.onboard(console, "twin-here"), operator.onboard(console, "twin-there"))
            scopes = sorted(PERMISSIONS - PERSONS_ONLY)
            clients = [await operator.client(console, slug, scopes=scopes) for slug in ("twin-here", "twin-there")]
        here, there = (Caller.of(client, platform) for client in clients)
        await furnish(here, clients[0], operator)
        await asyncio.gather(*(lift_limits(platform, slug) for slug in ("twin-here", "twin-there")))
        rows = await make_twin(platform, "twin-here", "twin-there", {HERE: THERE})
        here.look_around()
        there.known = here.known
        return Twins(here, there, (clients[0], clients[1]), rows)

    return asyncio.run(prepare())


async def furnish(caller: Caller, client: Client, operator: Operator) -> None:
    """Something of many kinds, each with the word in every text."""
    site = caller.post("/api/sites", {"code": "S1", "name": f"{HERE} site", "zone": "Asia/Dubai"})
    person = caller.post(
        "/api/staff",
        {
            "employee_id": "7",
            "name": f"{HERE} person",
            "department": f"{HERE} department",
            "notes": f"{HERE} notes",
            "site_id": site["id"],
        },
    )
    caller.post("/api/devices", {"device_serial": f"{HERE}1", "name": f"{HERE} gate", "connection": "push"})
    caller.post("/api/holidays", {"name": f"{HERE} day", "day": "2026-11-03", "site_id": None})
    caller.post("/api/leaves", {"staff_id": person["id"], "day": "2026-11-05", "note": f"{HERE} leave"})
    picture = {"file": (f"{HERE}.png", encoded(plain()))}
    stored = caller.session.put(f"{caller.api_url}/api/logo", files=picture, verify=caller.ca_file, timeout=30)
    assert stored.ok, stored.text
    clock = PushClock(client.push_url, f"{HERE}1", ca_file=operator.ca_file, error_delay=0.3, poll_seconds=1)
    await clock.start()
    clock.punch("7", "2026-11-16 09:00:00")
    clock.punch("8", "2026-11-16 09:01:00")
    try:
        await clock.wait_until_sent(20)
    finally:
        await clock.stop()

    async def recorded() -> bool:
        return bool(caller.get("/api/attendance/records").json()["items"])

    await until(recorded, what="the record")


def test_the_twin_really_has_the_other_words(twins: Twins) -> None:
    """Otherwise the crawl below would prove nothing."""
    assert twins.rows > 20
    assert THERE in twins.there.get("/api/staff").text
    assert HERE in twins.here.get("/api/staff").text
    assert [each["id"] for each in twins.here.get("/api/staff").json()["items"]] == [
        each["id"] for each in twins.there.get("/api/staff").json()["items"]
    ]


@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_no_answer_holds_a_word_of_the_twin(label: str, twins: Twins) -> None:
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=OPERATIONS[label].as_strategy())
    def ask(case: Case) -> None:
        twins.here.aim(case)
        answer = twins.here.ask(case)
        assert THERE not in answer.text
        assert THERE not in str(answer.headers)

    ask()


def test_every_operation_refuses_the_twins_token(twins: Twins) -> None:
    stranger = Caller(
        twins.there.api_url, twins.there.ca_file, str(twins.here.session.headers["authorization"]), twins.here.known
    )
    let_in = []
    for label, operation in sorted(OPERATIONS.items()):
        if not operation.definition.raw.get("security"):
            continue
        path = re.sub(r"\{\w+\}", str(uuid4()), operation.path)
        answer = stranger.session.request(
            operation.method, stranger.api_url + path, json={}, verify=stranger.ca_file, timeout=30
        )
        if answer.status_code != 401:
            let_in.append((label, answer.status_code))
    assert let_in == []


async def test_no_socket_holds_a_word_of_the_twin(twins: Twins, operator: Operator) -> None:
    """A punch there is told there and not here."""
    heard: dict[str, list[str]] = {}
    trust = ssl.create_default_context(cafile=str(operator.ca_file))
    sockets = {}
    for slug, client in zip(("twin-here", "twin-there"), twins.clients, strict=True):
        cookie = await signed_in_cookie(operator, slug)
        host = client.api_url.removeprefix("https://")
        sockets[slug] = await websockets.connect(
            f"wss://{host}/api/live",
            host="127.0.0.1",
            ssl=trust,
            server_hostname=host.partition(":")[0],
            origin=client.api_url,  # type: ignore[arg-type]
            additional_headers={"cookie": f"__Host-session={cookie}"},
        )
        heard[slug] = []

    async def listen(slug: str) -> None:
        async for message in sockets[slug]:
            heard[slug].append(str(message))

    listening = [asyncio.create_task(listen(slug)) for slug in sockets]
    clock = PushClock(twins.clients[1].push_url, f"{THERE}1", ca_file=operator.ca_file, error_delay=0.3, poll_seconds=1)
    await clock.start()
    clock.punch("7", "2026-11-17 09:00:00")
    try:
        await clock.wait_until_sent(20)

        async def told() -> bool:
            return any(json.loads(each)["type"] == "punch" for each in heard["twin-there"])

        await until(told, what="the punch on the twin's socket")
    finally:
        await clock.stop()
        for socket in sockets.values():
            await socket.close()
        await asyncio.gather(*listening, return_exceptions=True)
    assert THERE in "".join(heard["twin-there"])
    assert THERE not in "".join(heard["twin-here"])


def test_no_log_holds_a_word_of_the_twin(twins: Twins, platform: Platform) -> None:
    logs = list(platform.home.logs.rglob("*twin-here*"))
    logs += [path for path in platform.home.stacks.rglob("*.log") if "twin-here" in str(path)]
    assert logs
    assert [str(path) for path in logs if path.is_file() and THERE in path.read_text(errors="replace")] == []

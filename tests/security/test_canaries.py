"""Secrets of a day's work, at DEBUG, on a real platform: each is where it belongs and nowhere else."""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest
from redis.asyncio import Redis

from control_plane.local.home import Home, free_ports
from control_plane.local.platform import Platform
from device_bridge.simulator.memory import SimulatedUser
from device_bridge.simulator.push_clock import PushClock
from device_bridge.simulator.push_templates import SimulatedTemplate
from foundation.outbound import http_client
from tests.browser import signed_in_cookie
from tests.conftest import DEVICE_NETWORKS, new_home
from tests.operator import EVERYTHING, Operator, until
from tests.security.stores import found_in, settled
from tests.security.twins import database_of

SLUG = "canary"
SCOPES = [*EVERYTHING, "devices:approve", "biometrics:create", "biometrics:read", "biometrics:update"]

TOKEN = re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}")


@dataclass
class Story:
    """What was secret, and every answer that the API gave while it was used."""

    secrets: dict[str, bytes] = field(default_factory=dict)
    answers: list[bytes] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)

    async def keep(self, response: httpx.Response) -> None:
        self.answers.append(await response.aread() + repr(response.headers.raw).encode())


@pytest.fixture(scope="module")
def chatty() -> Iterator[Platform]:
    """A platform of its own whose programs log at DEBUG."""
    place = new_home()
    platform = Platform(Home(place), device_networks=DEVICE_NETWORKS, extra_settings={"log_level": "DEBUG"})
    try:
        asyncio.run(platform.up(free_ports(1)[0]))
        yield platform
    finally:
        asyncio.run(platform.down())
        platform.home.erase()
        shutil.rmtree(place.parent)


@pytest.fixture(scope="module")
def story(chatty: Platform) -> Story:
    return asyncio.run(live(chatty, Operator.of(chatty)))


async def live(platform: Platform, operator: Operator) -> Story:
    """Onboard, sign in, add clocks, enrol, punch, hook, invite: with a secret in each of them."""
    story = Story()
    async with operator.console() as console:
        await operator.onboard(console, SLUG)
        client = await operator.client(console, SLUG, SCOPES)
    story.secrets["client secret"] = client.client_secret.encode()
    cookie = await signed_in_cookie(operator, SLUG)
    story.secrets["cookie"] = cookie.encode()
    template = secrets.token_bytes(384)
    story.secrets["template"] = template[100:160]
    password = f"Pw{secrets.token_hex(3)}"
    story.secrets["password of a USER line"] = password.encode()
    comm_key = 700_001 + secrets.randbelow(200_000)  # a clock takes at most six digits
    story.secrets["comm key"] = str(comm_key).encode()
    async with http_client(ca_file=operator.ca_file, timeout=30) as page, operator.tenant(client) as api:
        story.secrets["access token"] = api.headers["authorization"].split(".")[-1].encode()
        page.base_url, page.event_hooks = httpx.URL(client.api_url), {"response": []}
        page.headers.update({"cookie": f"__Host-session={cookie}", "origin": client.api_url, "x-punctual": "1"})
        api.event_hooks["response"].append(story.keep)

        async def call(http: httpx.AsyncClient, method: str, path: str, document: Any = None) -> Any:
            answer = await http.request(method, path, json=document)
            assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
            return answer.json() if answer.content else None

        person = await call(api, "POST", "/api/staff", {"employee_id": "7", "name": "Ann"})
        pull = {"device_serial": "PULLED", "name": "Pull", "connection": "pull", "ip_address": "10.9.9.9"}
        await call(api, "POST", "/api/devices", {**pull, "comm_key": comm_key})
        gate = {"device_serial": "GATE1", "name": "Gate", "connection": "push"}
        device = await call(api, "POST", "/api/devices", gate)
        await call(api, "PUT", f"/api/devices/{device['id']}/trust", {"trust": "full"})
        text = {"title": "Fingers", "text": "We keep a template of your finger to know you at the clock."}
        await call(api, "POST", "/api/consent-texts", text)
        await call(api, "POST", f"/api/staff/{person['id']}/consents", {"how": "written"})
        made = await call(
            page, "POST", "/api/webhooks", {"name": "H", "url": "https://hooks.example/x", "events": ["period.locked"]}
        )
        story.secrets["webhook secret"] = _of(made, "secret")
        invited = await call(page, "POST", "/api/users", {"email": "new@canary.example", "roles": ["viewer"]})
        story.secrets["invitation"] = re.split(r"[=/]", _of(invited, "url").decode())[-1].encode()
        second = await call(page, "POST", "/api/clients", {"name": "Second", "scopes": ["staff:read"]})
        story.secrets["second client secret"] = _of(second, "client_secret")
        await _punch_and_enrol(client.push_url, operator, api, story, person["id"], template, password)
        for path in ("/api/devices", f"/api/staff/{person['id']}", "/api/clients", "/api/webhooks", "/api/users"):
            page.event_hooks["response"] = [story.keep]
            await call(page, "GET", path)
        await call(page, "GET", "/api/audit")
        wrong = await page.post("/api/devices", json={**pull, "device_serial": "", "comm_key": comm_key})
        assert wrong.status_code == 422
    story.kept = await settled(platform)
    return story


async def _punch_and_enrol(
    push_url: str, operator: Operator, api: httpx.AsyncClient, story: Story, person: str, template: bytes, password: str
) -> None:
    """A clock that sends its people with their passwords, a finger, and a punch."""
    clock = PushClock(
        push_url,
        "GATE1",
        ca_file=operator.ca_file,
        error_delay=0.3,
        poll_seconds=0.3,
        users=[SimulatedUser("7", "Ann", password=password.encode())],
    )
    await clock.start()
    try:
        clock.report_users([SimulatedUser("7", "Ann", password=password.encode())])
        clock.report_templates([SimulatedTemplate("7", 1, 3, 0, "10.0", base64.b64encode(template).decode())])
        clock.punch("7", "2026-11-16 09:00:00")
        await clock.wait_until_sent(20)

        async def kept() -> bool:
            return bool((await api.get(f"/api/staff/{person}/biometrics")).json()["items"])

        await until(kept, seconds=30, what="the template")
    finally:
        await clock.stop()


def _of(document: dict[str, Any], name: str) -> bytes:
    """The value of the first field of that name, wherever it stands."""
    for key, value in document.items():
        if key == name and isinstance(value, str):
            return value.encode()
    for value in document.values():
        if isinstance(value, dict):
            return _of(value, name)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return _of(value[0], name)
    raise AssertionError(f"no {name} in {sorted(document)}")


def test_the_story_was_told(story: Story) -> None:
    """Otherwise finding nothing would prove nothing."""
    assert len(story.secrets) >= 9
    assert {name for name, value in story.secrets.items() if len(value) < 6} == set()
    assert any(b"DEBUG" in content or b'"debug"' in content for name, content in story.kept.items() if ".log" in name)
    assert any("biometric_templates" in name and b"vault:v1:" in content for name, content in story.kept.items())
    assert story.kept["valkey"]


def test_no_secret_lies_about(story: Story) -> None:
    places = {**story.kept, "answers": b"\n".join(story.answers)}
    finds = [
        f"{secret} in {place}"
        for secret, value in story.secrets.items()
        for place, content in places.items()
        if found_in(content, value)
    ]
    assert finds == []


def test_no_token_of_anybody_is_kept(story: Story) -> None:
    """ID tokens and access tokens are used and forgotten; the local sign-in provider keeps its own."""
    places = {place: content for place, content in story.kept.items() if not place.startswith("file identity/")}
    assert [place for place, content in places.items() if TOKEN.search(content)] == []
    assert TOKEN.search(b"x " + ".".join(["eyJhbGciOiJSUzI1NiJ9", "eyJpc3MiOiJodHRwcyJ9", "c2ln" * 20]).encode())


async def test_the_sweep_finds_what_is_planted(chatty: Platform, story: Story) -> None:
    """The same search, with a secret laid into a table, a key of Valkey and a log: it finds all three."""
    planted = secrets.token_bytes(48)
    connection = await asyncpg.connect(chatty.postgres.dsn(database_of(SLUG)))
    try:
        await connection.execute("UPDATE staff SET notes = $1", base64.b64encode(b"x" + planted).decode())
    finally:
        await connection.close()
    async with Redis.from_url(chatty.valkey.admin_url) as client:
        await client.hset("planted", "field", planted)
    log = chatty.home.logs / "planted.log"
    log.write_text(f"the value is {planted.hex()}\n")
    found = {place for place, content in (await settled(chatty, 0)).items() if found_in(content, planted)}
    # What Valkey holds is in its own file too.
    assert found >= {f"database {database_of(SLUG)}.staff", "valkey", "file logs/planted.log"}

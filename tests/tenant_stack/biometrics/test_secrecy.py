"""Nobody else can read a template: not in the database, the queue, the logs, an answer; not after the key is gone."""

from __future__ import annotations

import base64
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import asyncpg
import httpx
import pytest
import sqlalchemy as sa
import structlog
from redis.asyncio import Redis
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation import logs
from foundation.clock import utc_now
from foundation.contracts.bridge import TemplateBatch
from tenant_stack.app import create_app
from tenant_stack.settings import TenantSettings
from tenant_stack.tables.biometrics import BiometricTemplate
from tests.tenant_stack.actors import Api, Bridge
from tests.tenant_stack.biometrics.people import CANARY, World, encoded, template
from tests.tenant_stack.conftest import Servers, client_of, page_headers, sign_in


def disguises(secret: bytes) -> list[bytes]:
    """The secret as it might lie about: raw, hex, Base64 at three offsets, inside another Base64, URL-encoded."""
    text = base64.b64encode(secret)
    found = [secret, secret.hex().encode(), secret.hex().upper().encode(), quote(secret).encode(), quote(text).encode()]
    for outer in (secret, text):
        # At each offset the letters in the middle are the same whatever stands around them.
        found += [base64.b64encode(b"\0" * offset + outer)[8:-8] for offset in range(3)]
    return [*found, text, text.rstrip(b"="), json.dumps(secret.decode("latin-1")).encode()[1:-1]]


def found_in(haystack: bytes, secret: bytes = CANARY) -> list[bytes]:
    return [each for each in disguises(secret) if each in haystack]


async def whole_database(dsn: str) -> bytes:
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch("SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'public'")
        parts = []
        for table in tables:
            rows = await connection.fetch(f'SELECT t::text AS row FROM "{table["tablename"]}" t')
            parts += [row["row"].encode() for row in rows]
        return b"\n".join(parts)
    finally:
        await connection.close()


async def whole_valkey(servers: Servers) -> bytes:
    parts: list[bytes] = []
    async with Redis.from_url(servers.valkey.admin_url) as client:
        async for key in client.scan_iter():
            parts += [key, await client.dump(key) or b""]
    return b"\n".join(parts)


LIBRARIES = ("httpx", "httpcore", "hvac", "urllib3", "sqlalchemy", "sqlalchemy.engine", "asyncpg")


@pytest.fixture
def debug_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The product's own logging into a file, at DEBUG, with every library's."""
    root, written = logging.getLogger(), tmp_path / "log.jsonl"
    handlers, level, config = list(root.handlers), root.level, structlog.get_config()
    with written.open("w") as stream:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            logs.configure("backend", level="DEBUG")
        for name in LIBRARIES:
            logging.getLogger(name).setLevel(logging.DEBUG)
        yield written
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**config)
        for name in LIBRARIES:
            logging.getLogger(name).setLevel(logging.NOTSET)


async def test_a_canary_is_nowhere_but_on_its_way_to_a_clock(
    world: World, servers: Servers, debug_log: Path, document: dict[str, object]
) -> None:
    one, two, pull = await world.clock("ONE"), await world.clock("TWO"), await world.clock("PULL", connection="pull")
    person = await world.person("7", one, two, pull)
    nobody = await world.person("8", one, consent=False)
    answers: list[bytes] = []

    async def keep(response: httpx.Response) -> None:
        answers.append(await response.aread())

    world.api.client.event_hooks["response"].append(keep)
    await world.report("ONE", template("7"), template("8", template_index=2), template("999", template_index=3))
    entered = {
        "template_type": "FACE",
        "template_format": "zk/39.1",
        "template_data": encoded(),
        "quality_score": 88,
    }
    await world.api.post(f"/api/staff/{person['id']}/biometrics", entered)
    await world.api.call("POST", f"/api/staff/{nobody['id']}/biometrics", 409, json=entered)
    for wrong in (
        {**entered, "quality_score": 101},
        {**entered, "template_data": encoded() + "=x"},
        {**entered, "template_format": encoded()},
        {**entered, "more": encoded()},
        {**entered, "template_type": encoded()},
    ):
        await world.api.call("POST", f"/api/staff/{person['id']}/biometrics", 422, json=wrong)
    for bad in ({**template("7"), "valid": 2}, {**template("7"), "unknown": encoded()}, {"template_data": encoded()}):
        batch = {"serial": "ONE", "received_at": utc_now().isoformat(), "templates": [bad]}
        response = await world.bridge.client.post("/internal/bridge/templates", json=batch)
        assert response.status_code == 422
        answers.append(response.content)

    (command,) = await world.lease("TWO")
    assert found_in(json.dumps(command).encode())  # the search finds what is there
    await world.answer("TWO", command, code=-12)
    (due,) = (await world.wanted("PULL"))["templates"]
    await world.seen("PULL", refused={due["id"]: "it says no"})
    for path in (
        f"/api/staff/{person['id']}/biometrics",
        f"/api/staff/{person['id']}",
        "/api/biometrics/access",
        "/api/biometrics/quarantine",
        "/api/biometrics/key",
        f"/api/devices/{two['id']}",
    ):
        await world.api.get(path)

    contexts = {
        "database": await whole_database(str(document["database_url"])),
        "valkey": await whole_valkey(servers),
        "logs": debug_log.read_bytes(),
        "answers": b"\n".join(answers),
    }
    assert all(len(content) > 100 for content in contexts.values()), {
        name: len(each) for name, each in contexts.items()
    }
    assert b"biometric" in contexts["logs"] or b"transit" in contexts["logs"]
    assert {name: found_in(content) for name, content in contexts.items()} == {key: [] for key in contexts}


def test_no_text_of_an_error_and_no_representation_repeats_a_template() -> None:
    batch = {"serial": "ONE", "received_at": "2026-01-05T08:00:00Z", "templates": [template("7")]}
    assert found_in(repr(TemplateBatch.model_validate(batch)).encode()) == []
    with pytest.raises(ValueError, match="template") as caught:
        TemplateBatch.model_validate({**batch, "templates": [template("7", template_index=77)]})
    assert found_in(str(caught.value).encode()) == []


async def test_exchanged_rows_are_both_unreadable_are_sent_nowhere_and_raise_an_alert(world: World) -> None:
    one, two = await world.clock("ONE"), await world.clock("TWO")
    ann, bob = await world.person("7", one, two), await world.person("8", one, two)
    await world.report("ONE", template("7"), template("8", b"SS21 the finger of somebody else"))
    await world.sql(
        "UPDATE biometric_templates t SET template_data = o.template_data FROM biometric_templates o WHERE o.id <> t.id"
    )
    assert await world.lease("TWO") == []
    for person in (ann, bob):
        (listed,) = await world.templates(person)
        assert listed["unreadable"]
        assert "could not be decrypted" in next(c for c in listed["copies"] if c["device_name"] == "TWO")["message"]
    ((severity, times),) = await world.sql("SELECT severity, times FROM alerts WHERE kind = 'template_unreadable'")
    assert (severity, times) == ("critical", 1)
    trail = await world.sql("SELECT 1 FROM audit_log WHERE action = 'template.unreadable'")
    assert len(trail) == 2
    await world.look()
    assert await world.lease("TWO") == []


async def test_a_row_under_another_person_finger_or_format_does_not_decrypt(world: World) -> None:
    one = await world.clock("ONE")
    ann, bob = await world.person("7", one), await world.person("8", one)
    await world.report("ONE", template("7"))
    for change in ("staff_id = :bob", "finger_index = 5", "template_format = 'zk/10.1'", "template_type = 'PALM'"):
        async with world.database.engine.connect() as connection:
            values = {"bob": bob["id"]} if ":bob" in change else {}
            await connection.execute(sa.text(f"UPDATE biometric_templates SET {change}"), values)
            async with AsyncSession(bind=connection) as session:
                found = (await session.scalars(sa.select(BiometricTemplate))).one()
                assert await world.cipher.decrypt([found]) == [None]
            await connection.rollback()
    assert ann["id"] != bob["id"]


async def test_without_the_key_every_template_is_lost_also_in_a_restored_copy(
    servers: Servers, document: dict[str, object]
) -> None:
    """Erasing an organisation deletes its key: what a backup still holds is noise."""
    servers.make_keys("org-shred")
    settings = TenantSettings.model_validate({**document, "organisation": "org-shred", **servers.roles["org-shred"]})
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        client_of(app, **page_headers(await sign_in(app))) as browser,
        client_of(app, authorization="Bearer bridge-token") as machine,
    ):
        world = World(app, Api(browser), Bridge(machine), app.state.database)
        one, two = await world.clock("ONE"), await world.clock("TWO")
        person = await world.person("7", one, two)
        await world.report("ONE", template("7"))
        backup = await world.sql("SELECT template_data FROM biometric_templates")
        servers.delete_key("org-shred-templates")
        assert await world.lease("TWO") == []
        assert (await world.templates(person))[0]["unreadable"]
        servers.make_keys("org-shred")  # even a new key of the same name
        await world.sql("UPDATE biometric_templates SET unreadable_at = NULL, template_data = :old", old=backup[0][0])
        await world.sql("UPDATE device_templates SET state = 'pending', command_id = NULL WHERE state = 'refused'")
        await world.look()
        assert await world.lease("TWO") == []
        assert (await world.templates(person))[0]["unreadable"]


async def test_the_database_refuses_a_plaintext_and_an_erased_template_that_lingers(world: World) -> None:
    one = await world.clock("ONE")
    await world.person("7", one)
    await world.report("ONE", template("7"))
    for statement, name in (
        (f"UPDATE biometric_templates SET template_data = '{encoded()}'", "template_data_sealed"),
        ("UPDATE biometric_templates SET state = 'revoked'", "template_data_erased"),
        ("DELETE FROM biometric_access", "permission denied"),
    ):
        with pytest.raises(DBAPIError, match=name):
            await world.sql(statement)

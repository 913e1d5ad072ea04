"""The key is renewed while templates stay in use: no read fails, nothing old stays readable, a stop does no harm."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import utc_now
from foundation.database import Database
from foundation.vault import KeyVersions
from tenant_stack.biometrics import maintenance
from tenant_stack.biometrics.schemas import BiometricSettings
from tenant_stack.biometrics.tasks import rewrap_templates, verify_templates
from tenant_stack.biometrics.template_encryption import TemplateCipher
from tenant_stack.tables.biometrics import BiometricTemplate
from tenant_stack.worker import WorkerContext
from tests.tenant_stack.biometrics.keys import fresh_key
from tests.tenant_stack.biometrics.people import World, template
from tests.tenant_stack.conftest import Servers


@dataclass
class Rounds:
    """What the job needs of a worker."""

    database: Database
    cipher: TemplateCipher


class Later(TemplateCipher):
    """A key whose newest version was made a while ago."""

    async def versions(self) -> KeyVersions | None:
        found = await super().versions()
        return found and replace(found, latest_made_at=found.latest_made_at - timedelta(days=91))


async def filled(world: World, count: int) -> None:
    one = await world.clock("ONE")
    person = await world.person("7", one)
    assert person
    faces = [
        template("7", b"SS21 part %d" % n, template_type="FACE", template_format=f"zk/{7 + n // 30}.0", part=n % 30)
        for n in range(count)
    ]
    for start in range(0, count, 200):
        await world.report("ONE", *(dict(each, template_index=0) for each in faces[start : start + 200]))


async def test_readers_never_fail_while_the_key_is_renewed_and_old_versions_are_retired(
    world: World, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fresh_key(servers) as (vault, key):
        cipher = Later(vault, key)
        world.app.state.template_cipher = cipher
        await filled(world, 450)
        worker = cast(WorkerContext, Rounds(world.database, cipher))
        done = asyncio.Event()
        rounds = [0, 0]

        async def reader(number: int) -> None:
            while not done.is_set():
                async with world.database.transaction() as session:
                    rows = list(
                        await session.scalars(sa.select(BiometricTemplate).order_by(sa.func.random()).limit(50))
                    )
                    clear = await cipher.decrypt(rows)
                assert None not in clear
                rounds[number] += 1

        async def everybody_has_read_again() -> None:
            # The first of the two may have begun before.
            wanted = [count + 2 for count in rounds]
            while any(count < least for count, least in zip(rounds, wanted, strict=True)):
                await asyncio.wait(readers, timeout=0.01)
                assert not any(each.done() for each in readers), [each.exception() for each in readers]

        readers = [asyncio.create_task(reader(number)) for number in range(2)]
        old = (await world.sql("SELECT template_data FROM biometric_templates LIMIT 1"))[0][0]
        await cipher.rotate()
        await rewrap_templates(worker)
        versions = await cipher.versions()
        assert versions is not None
        assert versions.min_decryption == 1, "somebody may hold what was read before it was rewrapped"
        await everybody_has_read_again()
        monkeypatch.setattr(maintenance, "RETIRE_AFTER", timedelta(0))
        await rewrap_templates(worker)
        await everybody_has_read_again()
        done.set()
        await asyncio.gather(*readers)
        assert await world.sql("SELECT DISTINCT key_version FROM biometric_templates") == [(2,)]
        versions = await cipher.versions()
        assert versions is not None
        assert (versions.latest, versions.min_decryption) == (2, 2)
        row = (await world.sql("SELECT id FROM biometric_templates LIMIT 1"))[0][0]
        assert row
        assert old.startswith("vault:v1:")
        await verify_templates(worker)
        assert await world.sql("SELECT 1 FROM biometric_templates WHERE unreadable_at IS NOT NULL") == []


async def test_it_goes_on_after_a_stop_and_retires_nothing_before_the_end(world: World, servers: Servers) -> None:
    async with fresh_key(servers) as (vault, key):
        cipher = Later(vault, key)
        world.app.state.template_cipher = cipher
        await filled(world, 250)
        await cipher.rotate()
        async with world.database.transaction() as session:
            assert await maintenance.rewrap_batch(session, cipher, 2) == 200
        async with world.database.transaction() as session:
            assert not await maintenance.retire_old_versions(session, cipher)
        # A round that dies before its commit leaves everything readable and is done again.
        async with AsyncSession(world.database.engine) as dying:
            assert await maintenance.rewrap_batch(dying, cipher, 2) == 50
            await dying.rollback()
        await rewrap_templates(cast(WorkerContext, Rounds(world.database, cipher)))
        assert await world.sql("SELECT DISTINCT key_version FROM biometric_templates") == [(2,)]
        purposes = await world.sql(
            "SELECT purpose, count(*) FROM biometric_access WHERE purpose = 'rewrapped' GROUP BY 1"
        )
        assert purposes == [("rewrapped", 250)]


async def test_a_young_version_is_not_the_reason_to_refuse_the_old_one(world: World, servers: Servers) -> None:
    """A change that began before the rotation may still be about to commit."""
    async with fresh_key(servers) as (vault, key):
        cipher = TemplateCipher(vault, key)
        world.app.state.template_cipher = cipher
        await filled(world, 3)
        await cipher.rotate()
        await rewrap_templates(cast(WorkerContext, Rounds(world.database, cipher)))
        versions = await cipher.versions()
        assert versions is not None
        assert (versions.latest, versions.min_decryption) == (2, 1)
        assert versions.latest_made_at > utc_now() - timedelta(minutes=5)
        view = await world.api.get("/api/biometrics/key")
        assert view == {"latest": 2, "oldest_readable": 1, "to_renew": 0, "unreadable": 0}


async def test_a_version_that_had_its_time_is_followed_by_the_next(world: World, servers: Servers) -> None:
    async with fresh_key(servers) as (vault, key):
        for cipher, rotated in ((TemplateCipher(vault, key), False), (Later(vault, key), True)):
            async with world.database.transaction() as session:
                assert await maintenance.rotate_expired_key(session, cipher, BiometricSettings()) is rotated
        versions = await cipher.versions()
        assert versions is not None
        assert versions.latest == 2
        world.app.state.template_cipher = cipher
        answer: Any = await world.api.post("/api/biometrics/key/rotate", status=202)
        assert answer["latest"] == 3


async def test_the_daily_check_finds_rows_that_were_exchanged(world: World) -> None:
    await filled(world, 4)
    await world.sql(
        "UPDATE biometric_templates t SET template_data = o.template_data FROM biometric_templates o "
        "WHERE t.part IN (0, 1) AND o.part = 1 - t.part"
    )
    await verify_templates(cast(WorkerContext, Rounds(world.database, world.cipher)))
    found = await world.sql("SELECT part FROM biometric_templates WHERE unreadable_at IS NOT NULL ORDER BY part")
    assert found == [(0,), (1,)]

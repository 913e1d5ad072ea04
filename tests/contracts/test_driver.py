"""What every `StackDriver` does. A driver joins by an entry in `DRIVERS`."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from control_plane.local.driver import ProcessesDriver
from control_plane.local.process import Lock, Program, start, wait_until
from control_plane.ports.driver import SERVICES, Component, Health, Role, StackDriver, StackSpec
from tests.control_plane.fakes import FakeDriver

ONE, OTHER = "org-one", "org-other"


@dataclass
class Subject:
    """A driver under test. ``settings_for`` gives documents with which its programs really start; ``kill`` ends one
    program without the driver's knowledge; ``seconds`` bounds every wait."""

    driver: StackDriver
    settings_for: Callable[[str, Role], dict[str, object]]
    kill: Callable[[str, Role], Awaitable[None]]
    seconds: float = 5.0

    def spec(self, organisation: str, *roles: Role, release: str = "1.0") -> StackSpec:
        components = tuple(Component(role, self.settings_for(organisation, role)) for role in roles)
        return StackSpec(organisation, release, components)

    async def until(self, organisation: str, role: Role, *wanted: Health) -> Health:
        deadline = time.monotonic() + self.seconds
        while (seen := (await self.driver.observe(organisation)).health(role)) not in wanted:
            assert time.monotonic() < deadline, f"{role} is {seen}, not {wanted}"
            await asyncio.sleep(0.02)
        return seen

    async def up(self, organisation: str, *roles: Role) -> StackSpec:
        spec = self.spec(organisation, *roles)
        await self.driver.apply(spec)
        for role in roles:
            await self.until(organisation, role, Health.FINISHED if role is Role.MIGRATE else Health.READY)
        return spec


@asynccontextmanager
async def fake(folder: Path) -> AsyncIterator[Subject]:
    driver = FakeDriver(folder)

    async def kill(organisation: str, role: Role) -> None:
        driver.kill(organisation, role)

    yield Subject(driver, lambda organisation, role: {"listen": driver.address(organisation, role)}, kill)


@asynccontextmanager
async def processes(folder: Path) -> AsyncIterator[Subject]:
    run = Path(tempfile.mkdtemp(prefix="pnc-", dir="/tmp"))  # sockets need a short path
    zygote_socket, lock = run / "zygote.sock", Lock(run / "zygote.lock")
    driver = ProcessesDriver(folder / "stacks", run, zygote_socket)
    command = (sys.executable, "-m", "tests.contracts.stub_zygote", str(zygote_socket))
    program = Program("The process starter", command, Path.cwd(), folder / "zygote.log")
    start(program, lock)

    async def listens() -> bool:
        return zygote_socket.is_socket()

    async def kill(organisation: str, role: Role) -> None:
        pid = Lock(folder / "stacks" / organisation / f"{role}.lock").holder()
        assert pid
        os.kill(pid, signal.SIGKILL)

    try:
        await wait_until(listens, program, lock)
        yield Subject(driver, lambda organisation, role: {"listen": driver.address(organisation, role)}, kill)
    finally:
        await lock.end(5)
        shutil.rmtree(run)


DRIVERS: dict[str, Callable[[Path], AbstractAsyncContextManager[Subject]]] = {"fake": fake, "processes": processes}


@pytest.fixture(params=DRIVERS)
async def subject(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Subject]:
    async with DRIVERS[request.param](tmp_path) as opened:
        yield opened
        for organisation in (ONE, OTHER):
            await opened.driver.remove(organisation)


async def test_nothing_is_there_at_first(subject: Subject) -> None:
    observed = await subject.driver.observe(ONE)
    assert {observed.health(role) for role in Role} == {Health.ABSENT}
    assert await subject.driver.inventory() == []
    assert await subject.driver.logs(ONE, Role.BACKEND) == []


async def test_services_get_ready_and_tell_their_release(subject: Subject) -> None:
    await subject.up(ONE, *SERVICES)
    observed = await subject.driver.observe(ONE)
    assert {observed.components[role].version for role in SERVICES} == {"1.0"}
    assert await subject.driver.inventory() == [ONE]


async def test_a_migration_runs_once_and_ends(subject: Subject) -> None:
    spec = await subject.up(ONE, Role.MIGRATE)
    await subject.driver.apply(spec)
    assert (await subject.driver.observe(ONE)).health(Role.MIGRATE) is Health.FINISHED


async def test_a_migration_alone_leaves_the_services_running(subject: Subject) -> None:
    await subject.up(ONE, *SERVICES)
    await subject.up(ONE, Role.MIGRATE)
    observed = await subject.driver.observe(ONE)
    assert {observed.health(role) for role in SERVICES} == {Health.READY}


async def test_the_same_spec_again_disturbs_nothing(subject: Subject) -> None:
    spec = await subject.up(ONE, Role.MIGRATE, *SERVICES)
    await subject.driver.apply(spec)
    observed = await subject.driver.observe(ONE)
    assert {observed.health(role) for role in SERVICES} == {Health.READY}
    assert observed.health(Role.MIGRATE) is Health.FINISHED


async def test_a_service_that_is_no_longer_listed_is_stopped(subject: Subject) -> None:
    await subject.up(ONE, *SERVICES)
    await subject.driver.apply(subject.spec(ONE, Role.BACKEND, Role.WORKER))
    await subject.until(ONE, Role.BRIDGE, Health.ABSENT, Health.FINISHED)
    assert (await subject.driver.observe(ONE)).health(Role.BACKEND) is Health.READY


async def test_another_release_is_started_afresh(subject: Subject) -> None:
    spec = await subject.up(ONE, Role.MIGRATE, *SERVICES)
    await subject.driver.apply(replace(spec, release="2.0"))
    await subject.until(ONE, Role.MIGRATE, Health.FINISHED)
    for role in SERVICES:
        await subject.until(ONE, role, Health.READY)
    observed = await subject.driver.observe(ONE)
    assert {observed.components[role].version for role in Role} == {"2.0"}


async def test_a_service_that_died_is_seen_and_started_again(subject: Subject) -> None:
    spec = await subject.up(ONE, *SERVICES)
    await subject.kill(ONE, Role.WORKER)
    await subject.until(ONE, Role.WORKER, Health.ABSENT, Health.FAILED, Health.FINISHED)
    await subject.driver.apply(spec)
    await subject.until(ONE, Role.WORKER, Health.READY)
    assert (await subject.driver.observe(ONE)).health(Role.BACKEND) is Health.READY


async def test_removing_leaves_nothing_and_no_other_stack_alone_suffers(subject: Subject) -> None:
    await subject.up(ONE, Role.MIGRATE, *SERVICES)
    await subject.up(OTHER, Role.BACKEND)
    for _ in range(2):
        await subject.driver.remove(ONE)
        assert await subject.driver.inventory() == [OTHER]
    observed = await subject.driver.observe(ONE)
    assert {observed.health(role) for role in Role} == {Health.ABSENT}
    assert (await subject.driver.observe(OTHER)).health(Role.BACKEND) is Health.READY


async def test_two_applications_at_once_end_as_one(subject: Subject) -> None:
    spec = subject.spec(ONE, *SERVICES)
    await asyncio.gather(*(subject.driver.apply(spec) for _ in range(3)))
    for role in SERVICES:
        await subject.until(ONE, role, Health.READY)


async def test_addresses_are_fixed_and_nobody_elses(subject: Subject) -> None:
    address = subject.driver.address(ONE, Role.BACKEND)
    await subject.up(ONE, Role.BACKEND)
    assert subject.driver.address(ONE, Role.BACKEND) == address
    others = {subject.driver.address(ONE, Role.BRIDGE), subject.driver.address(OTHER, Role.BACKEND)}
    assert address not in others
    assert len(others) == 2

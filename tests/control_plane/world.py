"""A control plane under test: real PostgreSQL, Valkey and OpenBao, fakes for the places where stacks run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from uuid import UUID

import httpx
import sqlalchemy as sa

from control_plane.organisations.naming import Names
from control_plane.ports.bundle import Ports
from control_plane.provisioning.context import OrganisationFacts, StepContext, never_reached
from control_plane.provisioning.fail_point import fail_point
from control_plane.provisioning.lease import claim
from control_plane.provisioning.reconcile import Reconciler
from control_plane.provisioning.step import Step
from control_plane.provisioning.steps import STEPS
from control_plane.resources.databases import DatabaseServer
from control_plane.resources.keys import VaultAdmin
from control_plane.resources.queue_users import ValkeyUsers
from control_plane.tables.organisations import Organisation, OrganisationStep
from foundation.database import Database
from tests.control_plane.fakes import FakeDriver, FakeIdentityProvider, FakeRouter, FakeTenant, GatewayTransport

BASE = "example.test"
RELEASE = "1.2.3"


@dataclass(frozen=True)
class Places:
    """How to reach the servers and where the fakes keep their state; plain text, so that it can be handed over."""

    database_url: str
    admin_database_url: str
    valkey_url: str
    valkey_admin_url: str
    vault_url: str
    vault_role_id: str
    vault_secret_id: str
    folder: Path


@dataclass
class World:
    """Ports with their fakes in view."""

    places: Places
    database: Database
    ports: Ports
    driver: FakeDriver
    router: FakeRouter
    identities: FakeIdentityProvider
    tenant: FakeTenant
    notified: list[UUID] = field(default_factory=list)

    def reconciler(self, *, steps: Sequence[Step] = STEPS, reach: Callable[[str], None] = never_reached) -> Reconciler:
        async def notify(organisation_id: UUID) -> None:
            self.notified.append(organisation_id)

        return Reconciler(self.database, self.ports, steps, notify, reach)

    async def add(self, slug: str, *, owner_email: str = "") -> Organisation:
        """An organisation as the API would write it."""
        async with self.database.transaction() as session:
            organisation = Organisation(
                slug=slug,
                name=f"{slug} Ltd",
                owner_email=owner_email or f"owner@{slug}.test",
                owner_name="Olive Owner",
                zone="Asia/Dubai",
            )
            session.add(organisation)
            await session.flush()
            await session.refresh(organisation)
        self.tenant.connect(Names(slug, BASE).stack)
        return organisation

    async def round(self, *, steps: Sequence[Step] = STEPS) -> bool:
        """Claim the organisation that is due and run a round."""
        lease = await claim(self.database, 60)
        assert lease is not None, "nothing is due"
        return await self.reconciler(steps=steps).round(lease)

    async def make_due(self, organisation: Organisation) -> None:
        """As if the lease had run out and the next round were due."""
        async with self.database.transaction() as session:
            await session.execute(
                sa.update(Organisation)
                .where(Organisation.id == organisation.id)
                .values(next_reconcile_at=sa.func.now(), lease_until=None)
            )

    async def steps(self, organisation: Organisation) -> dict[str, OrganisationStep]:
        async with self.database.transaction() as session:
            rows = await session.scalars(
                sa.select(OrganisationStep).where(OrganisationStep.organisation_id == organisation.id)
            )
            return {row.name: row for row in rows}

    async def reread(self, organisation: Organisation) -> Organisation:
        async with self.database.transaction() as session:
            return await session.get_one(Organisation, organisation.id)

    def context(self, organisation: Organisation) -> StepContext:
        facts = OrganisationFacts(**{each.name: getattr(organisation, each.name) for each in fields(OrganisationFacts)})
        return StepContext(organisation=facts, ports=self.ports)


@asynccontextmanager
async def open_world(places: Places) -> AsyncIterator[World]:
    """Open everything on this event loop; the fake tenant is not served yet."""
    database = Database(places.database_url)
    users = ValkeyUsers(places.valkey_admin_url)
    driver, router = FakeDriver(places.folder), FakeRouter(places.folder)
    identities = FakeIdentityProvider(places.folder)
    async with httpx.AsyncClient(transport=GatewayTransport(router)) as http:
        ports = Ports(
            databases=DatabaseServer(places.admin_database_url),
            vault=VaultAdmin(places.vault_url, places.vault_role_id, places.vault_secret_id),
            queue_users=users,
            driver=driver,
            router=router,
            identities=identities,
            http=http,
            base_domain=BASE,
            release=RELEASE,
            vault_url=places.vault_url,
            device_networks=("127.0.0.0/8",),
        )
        tenant = FakeTenant(places.folder, driver)
        try:
            yield World(places, database, ports, driver, router, identities, tenant)
        finally:
            await users.close()
            await database.close()


def run_until_killed(places: Places, place: str) -> None:
    """A worker's one round, for a process of its own; ends by itself only if the fail point is never reached."""

    async def work() -> None:
        async with open_world(places) as world:
            lease = await claim(world.database, 60)
            assert lease is not None
            await world.reconciler(reach=fail_point(place)).round(lease)

    asyncio.run(work())

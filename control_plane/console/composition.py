"""The control plane's parts and how they are put together; the only module that names implementations of the ports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from control_plane.console.organisation_events import CHANNEL
from control_plane.local.driver import ProcessesDriver
from control_plane.local.gateway import HostLinks
from control_plane.local.identity import LocalIdentityProvider
from control_plane.ports.bundle import Ports
from control_plane.resources.databases import DatabaseServer
from control_plane.resources.keys import VaultAdmin
from control_plane.resources.queue_users import ValkeyUsers
from control_plane.settings import ControlSettings
from control_plane.worker import registry
from foundation.database import Database
from foundation.jobs import JobQueue
from foundation.outbound import http_client
from foundation.settings import product_version
from foundation.valkey import Valkey
from foundation.vault import Vault


@dataclass(frozen=True)
class Parts:
    """The open connections of the back end or the worker. ``stopping`` is set when the program is to end."""

    settings: ControlSettings
    database: Database
    valkey: Valkey
    jobs: JobQueue
    vault: Vault
    ports: Ports
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def notify(self, organisation_id: UUID) -> None:
        """Tell open event streams that an organisation has changed."""
        await self.valkey.publish(CHANNEL, {"id": str(organisation_id)})


@asynccontextmanager
async def open_parts(settings: ControlSettings, application_name: str) -> AsyncIterator[Parts]:
    """Open all parts on this event loop, and close them afterwards."""
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url.get_secret_value(), application_name=application_name)
        stack.push_async_callback(database.close)
        valkey = Valkey(settings.valkey_url.get_secret_value(), settings.valkey_prefix)
        stack.push_async_callback(valkey.close)
        jobs = JobQueue(settings.valkey_url.get_secret_value(), settings.jobs_namespace, registry)
        stack.callback(jobs.close)
        vault = VaultAdmin(settings.vault_url, settings.vault_role_id, settings.vault_secret_id.get_secret_value())
        ports = await stack.enter_async_context(open_ports(settings, vault))
        yield Parts(settings, database, valkey, jobs, vault, ports)


@asynccontextmanager
async def open_ports(settings: ControlSettings, vault: VaultAdmin) -> AsyncIterator[Ports]:
    """The servers and drivers through which organisations are provisioned."""
    async with AsyncExitStack() as stack:
        users = ValkeyUsers(settings.valkey_admin_url.get_secret_value())
        stack.push_async_callback(users.close)
        yield Ports(
            databases=DatabaseServer(
                settings.admin_database_url.get_secret_value(),
                host=settings.tenant_database_host,
                port=settings.tenant_database_port,
            ),
            vault=vault,
            queue_users=users,
            driver=ProcessesDriver(settings.state_dir, settings.run_dir, settings.zygote_socket),
            router=HostLinks(settings.routes_dir),
            identities=LocalIdentityProvider(
                settings.identity_admin_url, settings.identity_admin_token.get_secret_value(), settings.issuer
            ),
            http=await stack.enter_async_context(http_client(ca_file=settings.ca_file)),
            base_domain=settings.base_domain,
            release=product_version(),
            vault_url=settings.vault_url,
            device_networks=tuple(settings.device_networks),
            ca_file=settings.ca_file,
            log_level=settings.log_level,
            control_url=settings.public_url,
            smtp_url=settings.smtp_url.get_secret_value() if settings.smtp_url else None,
            mail_root=settings.state_dir,
        )

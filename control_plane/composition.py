"""Where the control plane's parts are put together: the only place that names concrete drivers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from control_plane.drivers.databases import DatabaseServer
from control_plane.drivers.keys import VaultAdmin
from control_plane.drivers.processes.gateway import HostLinks
from control_plane.drivers.processes.identity import LocalIdentityProvider
from control_plane.drivers.processes.stack import ProcessesDriver
from control_plane.drivers.queue_users import QueueUsers
from control_plane.provisioning.context import Ports
from control_plane.settings import ControlSettings
from control_plane.tasks import CHANNEL, registry
from foundation.database import Database
from foundation.jobs import JobQueue
from foundation.outbound import http_client
from foundation.settings import product_version
from foundation.valkey import Valkey


@dataclass(frozen=True)
class Parts:
    """Everything open that the back end or the worker works with. ``stopping`` is set when the program is to end."""

    settings: ControlSettings
    database: Database
    valkey: Valkey
    jobs: JobQueue
    ports: Ports
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def notify(self, organisation_id: UUID) -> None:
        """Tell whoever watches that an organisation has changed."""
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
        ports = await stack.enter_async_context(open_ports(settings))
        yield Parts(settings, database, valkey, jobs, ports)


@asynccontextmanager
async def open_ports(settings: ControlSettings) -> AsyncIterator[Ports]:
    """The servers and drivers through which organisations are provisioned."""
    async with AsyncExitStack() as stack:
        users = QueueUsers(settings.valkey_admin_url.get_secret_value())
        stack.push_async_callback(users.close)
        yield Ports(
            databases=DatabaseServer(
                settings.admin_database_url.get_secret_value(),
                host=settings.tenant_database_host,
                port=settings.tenant_database_port,
            ),
            vault=VaultAdmin(settings.vault_url, settings.vault_role_id, settings.vault_secret_id.get_secret_value()),
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

"""The worker's context and its continuous work: the outbox, pending staff-days, live events."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from foundation import outbox
from foundation.database import Database
from foundation.errors import Unavailable
from foundation.jobs import JobQueue
from foundation.logs import get_logger
from foundation.outbound import service_client
from foundation.valkey import Valkey
from foundation.vault import Vault
from tenant_stack.attendance.day_processor import process_batch
from tenant_stack.attendance.service import read_records
from tenant_stack.biometrics.template_encryption import TemplateCipher
from tenant_stack.job_context import JobContext
from tenant_stack.live.events import publish_punch, publish_record
from tenant_stack.punches.intake import TOPIC
from tenant_stack.punches.partitions import Months
from tenant_stack.punches.service import read_punches
from tenant_stack.reports.runner import ReportRunner
from tenant_stack.sealing import Seals
from tenant_stack.settings import TenantSettings
from tenant_stack.tables.base import OutboxEntry
from tenant_stack.webhook_events import TOPIC as WEBHOOK_TOPIC
from tenant_stack.webhooks.delivery import Sender, make_deliveries
from tenant_stack.worker_hints import Coalesced

SYNC_TIMEOUT_SECONDS = 300.0


class LiveEventBudget:
    """Limits live events per second: a device that sends a month of punches must not flood the pages."""

    def __init__(self, per_second: int = 100) -> None:
        self._per_second = per_second
        self._second = 0
        self._left = 0

    def take(self, wanted: int) -> int:
        """How many of the wanted events may go now."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._left = second, self._per_second
        granted = min(wanted, self._left)
        self._left -= granted
        return granted


@dataclass
class WorkerContext(JobContext):
    """The first argument of every job, with what the continuous work needs."""

    months: Months
    cipher: TemplateCipher
    budget: LiveEventBudget = field(default_factory=LiveEventBudget)
    work: Coalesced = field(init=False)
    webhooks: Sender = field(init=False)
    reports: ReportRunner = field(init=False)

    def __post_init__(self) -> None:
        self.work = Coalesced(self.process_pending)
        self.webhooks = Sender(self.settings, self.database, Seals(self.vault, self.settings.backups_key))
        self.reports = ReportRunner(self.database, self.settings)

    async def process_pending(self) -> None:
        """Handle the outbox (pages wait for it), then compute pending days, until nothing is left."""
        handlers: dict[str, outbox.Handler] = {TOPIC: self._publish_punches, WEBHOOK_TOPIC: make_deliveries}
        while True:
            handled = await outbox.drain(self.database, OutboxEntry, handlers)
            computed = await self._compute()
            if handled == 0 and computed == 0:
                return

    async def _publish_punches(self, session: AsyncSession, payloads: list[dict[str, object]]) -> None:
        """Publish new punches to open pages: the newest, within the budget."""
        ids: list[UUID] = []
        for payload in payloads:
            found = payload["ids"]
            assert isinstance(found, list)
            ids.extend(UUID(each) for each in found)
        granted = self.budget.take(len(ids))
        if not granted:
            return
        # Ids are ordered by time of arrival, so the last ones are the newest.
        first = min(datetime.fromisoformat(str(payload["first"])) for payload in payloads)
        last = max(datetime.fromisoformat(str(payload["last"])) for payload in payloads)
        punches = await read_punches(session, sorted(ids)[-granted:], first, last)
        try:
            for punch in punches:
                await publish_punch(self.valkey, punch)
        except Unavailable:
            # A late live event is worthless; the pages reload when they reconnect.
            get_logger().warning("live.lost", punches=len(punches))

    async def _compute(self) -> int:
        async with self.database.transaction() as session:
            computed, ids = await process_batch(session, self.settings.zone)
            granted = self.budget.take(len(ids))
            records = await read_records(session, ids[:granted]) if granted else []
        try:
            for record in records:
                await publish_record(self.valkey, record)
        except Unavailable:
            get_logger().warning("live.lost", records=len(records))
        return computed


async def open_context(settings: TenantSettings, queue: JobQueue) -> WorkerContext:
    """Open all connections, inside the worker's event loop."""
    database = Database(settings.database_url.get_secret_value(), application_name=f"{settings.organisation}-worker")
    vault = Vault(settings.vault_url, settings.vault_role_id, settings.vault_secret_id.get_secret_value())
    return WorkerContext(
        settings=settings,
        database=database,
        valkey=Valkey(settings.valkey_url.get_secret_value(), settings.valkey_prefix),
        queue=queue,
        bridge=service_client(
            settings.bridge_address,
            token=settings.bridge_token.get_secret_value(),
            timeout=SYNC_TIMEOUT_SECONDS,
        ),
        vault=vault,
        months=Months(database),
        cipher=TemplateCipher(vault, settings.templates_key),
    )


async def close_context(context: WorkerContext) -> None:
    """Let the continuous work finish, then close all connections."""
    await context.reports.close()
    await context.work.close()
    await context.webhooks.close()
    await context.bridge.aclose()
    await context.valkey.close()
    await context.database.close()
    context.queue.close()

"""What the worker does for reports: write queued runs, and look after everything that has a time."""

from __future__ import annotations

from typing import Protocol

from foundation.clock import utc_now
from foundation.database import Database
from tenant_stack.reports.delivery import deliver_finished
from tenant_stack.reports.runner import ReportRunner, recover
from tenant_stack.reports.runs import remove_expired
from tenant_stack.reports.schedules import start_due
from tenant_stack.settings import TenantSettings


class Context(Protocol):
    """The part of the worker's context that reports need."""

    settings: TenantSettings
    database: Database
    reports: ReportRunner


async def tend(context: Context) -> None:
    """Runs without a worker, schedules that are due, files that have expired, messages to send."""
    async with context.database.transaction() as session:
        await recover(session, context.settings.report_stuck_seconds)
        await start_due(session, context.settings, utc_now())
        await remove_expired(session)
    context.reports()
    await deliver_finished(context.database, context.settings)

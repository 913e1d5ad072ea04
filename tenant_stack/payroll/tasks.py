"""The worker's part in payroll: batches too large for an answer."""

from __future__ import annotations

from tenant_stack.job_context import JobContext
from tenant_stack.payroll.batches import make_queued, queued_batches


async def make_batches(context: JobContext) -> None:
    """Make the batches that wait, one transaction each."""
    async with context.database.transaction() as session:
        waiting = await queued_batches(session)
    for batch_id in waiting:
        async with context.database.transaction() as session:
            await make_queued(session, batch_id, context.settings.organisation_name)

"""Background work: make clocks hold whom they should, and notice who was never shown."""

from __future__ import annotations

import sqlalchemy as sa

from tenant_stack.devices.tasks import refresh_terminals
from tenant_stack.job_context import JobContext
from tenant_stack.people.enrollments.confirmations import give_up_on_silent
from tenant_stack.people.groups.apply_plan import reconcile

PULLED = sa.text("SELECT EXISTS (SELECT 1 FROM devices WHERE connection = 'pull' AND approved_at IS NOT NULL)")


async def plan_clocks(context: JobContext) -> None:
    """Carry out every difference between whom clocks should hold and whom they do, a bounded batch a transaction."""
    planned = False
    while True:
        async with context.database.transaction() as session:
            if not await reconcile(session):
                break
        planned = True
    if not planned:
        return
    context.work()
    async with context.database.transaction() as session:
        pulled = await session.scalar(PULLED)
    if pulled:
        await refresh_terminals(context)


async def give_up(context: JobContext) -> None:
    """People whom a clock said to have taken and never showed."""
    async with context.database.transaction() as session:
        await give_up_on_silent(session)

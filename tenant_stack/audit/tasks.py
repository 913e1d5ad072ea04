"""Chaining what was written since."""

from __future__ import annotations

from tenant_stack.audit.chain import BATCH, Notary
from tenant_stack.job_context import JobContext


async def seal_waiting(context: JobContext) -> None:
    """Chain all that waits, a batch a transaction."""
    settings = context.settings
    notary = Notary(context.vault, settings.tokens_key, settings.organisation)
    while True:
        async with context.database.transaction() as session:
            chained = await notary.extend(session)
        if chained < BATCH:
            return

"""Chaining what was written since."""

from __future__ import annotations

from tenant_stack.audit.chain import BATCH, Notary
from tenant_stack.worker import WorkerContext


async def seal_waiting(context: WorkerContext) -> None:
    """Chain all that waits, a batch a transaction."""
    settings = context.settings
    notary = Notary(context.vault, settings.tokens_key, settings.organisation)
    while True:
        async with context.database.transaction() as session:
            chained = await notary.extend(session)
        if chained < BATCH:
            return

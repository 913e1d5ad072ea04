"""Background task that chains new lines of the audit trail."""

from __future__ import annotations

from tenant_stack.audit.chain import BATCH, ChainSigner
from tenant_stack.job_context import JobContext


async def seal_waiting(context: JobContext) -> None:
    """Chain all waiting lines, one batch per transaction."""
    settings = context.settings
    signer = ChainSigner(context.vault, settings.tokens_key, settings.organisation)
    while True:
        async with context.database.transaction() as session:
            chained = await signer.extend(session)
        if chained < BATCH:
            return

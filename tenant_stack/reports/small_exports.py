"""Small files, answered at once. They are in the history and in the audit trail like the others, but are not kept."""

from __future__ import annotations

import hashlib

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from foundation.clock import utc_now
from foundation.sign_in.principal import Principal
from tenant_stack.reports.definitions import Definition
from tenant_stack.reports.headings import describe
from tenant_stack.reports.query import count_up_to, totals
from tenant_stack.reports.render_process import CONTENT_TYPES, write_file
from tenant_stack.reports.runs import add_run, file_name
from tenant_stack.reports.service import Asked
from tenant_stack.settings import TenantSettings
from tenant_stack.tables.base import audited

# Written well within a second on a slow machine.
MOST_ROWS = 500


async def is_small(session: AsyncSession, definition: Definition) -> bool:
    return await count_up_to(session, definition, MOST_ROWS + 1) <= MOST_ROWS


async def direct_file(
    session: AsyncSession, asked: Asked, form: str, caller: Principal, settings: TenantSettings
) -> Response:
    """The file itself."""
    run = await add_run(session, asked, form, caller)
    run.state, run.step, run.started_at = "running", "writing", utc_now()
    added = await totals(session, asked.definition)
    document = await describe(
        session,
        asked.definition,
        asked.filters,
        added,
        form=form,
        organisation=settings.organisation_name,
        home_zone=settings.zone,
        by=caller.label,
    )
    pieces: list[bytes] = []

    async def keep(piece: bytes) -> None:
        pieces.append(piece)

    rows = await write_file(session, asked.definition, document, sink=keep, progress=lambda _: None)
    data = b"".join(pieces)
    name = file_name(settings.slug, asked, form)
    checksum = hashlib.sha256(data).hexdigest()
    run.state, run.step, run.finished_at = "done", "done", utc_now()
    run.rows, run.rows_total, run.bytes, run.checksum, run.file_name = rows, rows, len(data), checksum, name
    await session.flush()
    audited(
        session,
        caller.actor,
        "report.export",
        "report_run",
        run.id,
        after={"report": run.request, "format": form, "rows": rows, "bytes": len(data), "checksum": checksum},
    )
    return Response(
        data,
        media_type=CONTENT_TYPES[form],
        headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
    )

"""Deliveries: a scheduled run that is over is sent to its recipients, once.

The row says *sending* before the server is spoken to. A worker that dies between the two leaves a delivery of which
nobody knows whether it left: it is shown as failed, never sent a second time.
"""

from __future__ import annotations

import asyncio
import smtplib
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import utc_now
from foundation.database import Database
from foundation.logs import get_logger
from foundation.mail import NoMail, compose, send
from tenant_stack.reports.render_process import CONTENT_TYPES
from tenant_stack.reports.runs import OVER, read_file
from tenant_stack.settings import TenantSettings
from tenant_stack.tables.reports import ReportDelivery, ReportRun, ReportSchedule

LARGEST_ATTACHMENT = 10_000_000
MOST_ATTEMPTS = 5
UNKNOWN_AFTER = timedelta(minutes=5)


async def deliver_finished(database: Database, settings: TenantSettings) -> int:
    """Send what is ready; returns how many messages were handed over."""
    sent = 0
    while True:
        async with database.transaction() as session:
            claimed = await _claim(session)
        if claimed is None:
            return sent
        sent += await _deliver(database, settings, claimed)


async def _claim(session: AsyncSession) -> UUID | None:
    now = utc_now()
    await session.execute(
        sa.update(ReportDelivery)
        .where(ReportDelivery.state == "pending", ReportDelivery.sent_at < now - UNKNOWN_AFTER)
        .values(state="failed", message="The worker ended while sending: whether the message left is not known")
    )
    query = (
        sa.select(ReportDelivery)
        .join(ReportRun, ReportRun.id == ReportDelivery.run_id)
        .where(
            ReportDelivery.state == "pending",
            ReportDelivery.sent_at.is_(None),
            ReportDelivery.next_attempt_at <= now,
            ReportRun.state.in_(OVER),
        )
        .order_by(ReportDelivery.id)
        .limit(1)
        .with_for_update(of=ReportDelivery, skip_locked=True)
    )
    row = await session.scalar(query)
    if row is None:
        return None
    row.sent_at, row.attempts = now, row.attempts + 1
    await session.flush()
    return row.id


async def _deliver(database: Database, settings: TenantSettings, delivery_id: UUID) -> int:
    async with database.transaction() as session:
        delivery = await session.get_one(ReportDelivery, delivery_id)
        run = await session.get_one(ReportRun, delivery.run_id)
        schedule = await session.get_one(ReportSchedule, delivery.schedule_id)
    if run.state != "done":
        await _end(database, delivery_id, state="failed", message=run.message or f"The report was {run.state}")
        return 0
    attachment = None
    if run.bytes <= LARGEST_ATTACHMENT:
        data = b"".join([piece async for piece in read_file(database, run.id)])
        attachment = (run.file_name, CONTENT_TYPES[run.format], data)
    message = compose(
        sender=settings.mail_sender,
        recipients=schedule.recipients,
        subject=f"{schedule.name}: {run.about[0] if run.about else run.title}",
        text=_text(settings, run, schedule, attached=attachment is not None),
        message_id=str(delivery_id),
        attachment=attachment,
    )
    smtp_url = settings.smtp_url.get_secret_value() if settings.smtp_url else None
    try:
        await asyncio.to_thread(send, message, smtp_url=smtp_url, folder=settings.mail_dir)
    except NoMail as error:
        await _end(database, delivery_id, state="failed", message=str(error), sent_at=None)
        return 0
    except (smtplib.SMTPException, OSError) as error:
        get_logger().warning("report.mail_failed", delivery=str(delivery_id), exc_info=True)
        over = delivery.attempts >= MOST_ATTEMPTS
        await _end(
            database,
            delivery_id,
            state="failed" if over else "pending",
            message=f"The mail server did not take it: {str(error)[:300]}",
            sent_at=None,
            next_attempt_at=utc_now() + timedelta(seconds=30 * 2**delivery.attempts),
        )
        return 0
    await _end(database, delivery_id, state="sent", message="", sent_at=utc_now())
    return 1


async def _end(database: Database, delivery_id: UUID, **values: object) -> None:
    async with database.transaction() as session:
        await session.execute(sa.update(ReportDelivery).where(ReportDelivery.id == delivery_id).values(**values))


def _text(settings: TenantSettings, run: ReportRun, schedule: ReportSchedule, *, attached: bool) -> str:
    lines = [f"{run.title}, {settings.organisation_name}", *run.about, f"{run.rows:,} rows", ""]
    where = f"{settings.public_url}/reports/runs"
    lines.append("The report is attached." if attached else f"The file is too large for a mail. Fetch it at {where}")
    lines += ["", f"Sent because of the schedule {schedule.name!r} of {schedule.created_by}.", where]
    return "\n".join(lines)

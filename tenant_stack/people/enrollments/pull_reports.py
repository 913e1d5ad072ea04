"""What the bridge's report about a pull device means for the people on it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from foundation.contracts.bridge import TerminalReport, TerminalState
from tenant_stack.devices.contacts import counts_by_name, take_report
from tenant_stack.people.enrollments.confirmations import settle_written
from tenant_stack.people.enrollments.list_absence import settle_list


async def take_terminal_report(session: AsyncSession, report: TerminalReport) -> None:
    """Record the contact, then what was written, removed or refused there, then who is missing on its list."""
    device_id = await take_report(session, report)
    if report.written_pins or report.removed_pins or report.refused_pins:
        await settle_written(session, device_id, report.written_pins, report.removed_pins, report.refused_pins)
    if report.state is TerminalState.ONLINE:
        await settle_list(session, report.serial, counts_by_name(report).get("users"))

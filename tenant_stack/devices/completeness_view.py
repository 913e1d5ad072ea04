"""The comparison of a clock's log with what is here, as the API shows it."""

from __future__ import annotations

from tenant_stack.devices.completeness import in_words
from tenant_stack.devices.schemas import CompletenessView
from tenant_stack.tables.devices import Device, DeviceCompleteness


def completeness_view(device: Device, row: DeviceCompleteness | None) -> CompletenessView:
    """The comparison as the API shows it; ``row`` is None for a clock that was never compared."""
    compared_now = row is not None and row.on_clock is not None and row.held is not None
    missing = 0
    if row is not None and row.state == "missing":
        missing = (row.on_clock or 0) - (row.held or 0) - row.explained
    return CompletenessView(
        method=row.method if row else "",
        state=row.state if row else "unknown",
        sentence=in_words(device, row),
        on_clock=row.on_clock if row else None,
        held=row.held if row and compared_now else None,
        difference=missing,
        explained=row.explained if row else 0,
        until_local=row.until_local if row else None,
        zone=device.zone,
        checked_at=row.checked_at if row else None,
        verified_at=row.verified_at if row else None,
        differs_since=row.differs_since if row else None,
        next_check_at=row.next_check_at if row and device.connection == "push" else None,
        received=device.received_lines,
        stored=device.stored_punches,
        duplicate=device.duplicate_lines,
        quarantined=device.quarantined_lines,
    )

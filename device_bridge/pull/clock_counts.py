"""What is measured at every contact with a pull clock: how full it is and how wrong its time is."""

from __future__ import annotations

from datetime import datetime

from device_bridge.records import Counts
from device_bridge.terminal.client import TerminalClient
from foundation.clock import instant_of, utc_now
from foundation.errors import Invalid


def read_counts(client: TerminalClient, zone: str) -> tuple[Counts, int | None]:
    """The counts, and how many seconds the clock is ahead of true time; `None` when it shows no real date."""
    counts = client.counts()
    before = utc_now()
    shown = client.local_time()
    after = utc_now()
    true = before + (after - before) / 2
    return counts, None if shown is None else clock_offset(shown, zone, true)


def clock_offset(shown: str, zone: str, true: datetime) -> int | None:
    """Seconds by which the wall time ``shown`` is ahead of the instant ``true``; `None` for a zone that is none.

    A display of whole seconds is half a second behind on average, which is allowed for. In the hour that repeats in
    autumn the text alone is ambiguous: the reading nearer to the truth is meant.
    """
    try:
        first, second = ((instant_of(shown, zone, fold=fold) - true).total_seconds() + 0.5 for fold in (0, 1))
    except Invalid:
        return None
    return round(first if abs(first) <= abs(second) else second)

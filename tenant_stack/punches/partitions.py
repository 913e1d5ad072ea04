"""The months of `punch_logs`: each a partition, made before the first punch of that month is stored.

A partition is made as a table of its own and then attached: attaching leaves readers of the other months alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from foundation.clock import utc_now
from foundation.database import Database

LOCK = 7_203_412
NAME = re.compile(r"punch_logs_(\d{4})_(\d{2})")

Month = tuple[int, int]


def month_of(moment: date | datetime) -> Month:
    return moment.year, moment.month


def months_ahead(count: int = 2) -> list[Month]:
    """The present month (of any zone) and the next ``count``."""
    first = (utc_now() - timedelta(days=1)).date().replace(day=1)
    return [((first.year * 12 + first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1) for n in range(count + 1)]


class Months:
    """The months known to have a partition; asks the database once, then only when a new month turns up."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: set[Month] = set()

    def missing(self, months: Iterable[Month]) -> set[Month]:
        return set(months) - self._known

    async def create(self, months: Collection[Month]) -> None:
        """Make the partitions that are not there yet; safe to call from many processes at once.

        It has its own short transaction, since attaching takes a lock on `staff` and `devices` that a long transaction
        must not hold.
        """
        async with self._database.transaction() as session:
            await session.execute(sa.text("SET LOCAL lock_timeout = '5s'"))
            await session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            present = await session.scalars(
                sa.text("SELECT relid::regclass::text FROM pg_partition_tree('punch_logs') WHERE isleaf")
            )
            found = {(int(m[1]), int(m[2])) for m in map(NAME.fullmatch, present) if m}
            for year, month in sorted(set(months) - found):
                for statement in _statements(year, month):
                    await session.execute(sa.text(statement))
        self._known |= found | set(months)


def _statements(year: int, month: int) -> tuple[str, str]:
    """DDL takes no parameters; year and month are integers, so nothing can be injected."""
    name = f"punch_logs_{year:04d}_{month:02d}"
    start = date(year, month, 1)
    end = date(year + month // 12, month % 12 + 1, 1)
    return (
        f"CREATE TABLE {name} (LIKE punch_logs INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
        f"ALTER TABLE punch_logs ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')",
    )

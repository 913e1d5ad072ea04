"""The months of `punch_logs`: each a partition, made before the first punch of that month is stored.

Our role may make no table: the database's own function `make_punch_month` does, and takes nothing but a month.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from foundation.clock import utc_now
from foundation.database import Database

NAME = re.compile(r"punch_logs_(\d{4})_(\d{2})")

MAKE = sa.text("SELECT make_punch_month(:year, :month)")

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
            present = await session.scalars(
                sa.text("SELECT relid::regclass::text FROM pg_partition_tree('punch_logs') WHERE isleaf")
            )
            found = {(int(m[1]), int(m[2])) for m in map(NAME.fullmatch, present) if m}
            for year, month in sorted(set(months) - found):
                await session.execute(MAKE, {"year": year, "month": month})
        self._known |= found | set(months)

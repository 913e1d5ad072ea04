"""Monthly partitions of `punch_logs`, each created before the first punch of that month is stored.

The application role may create no table: the function `make_punch_month` of the database does, given only a month.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random

from foundation.clock import utc_now
from foundation.database import Database
from foundation.database_answers import is_contention
from foundation.errors import Unavailable

NAME = re.compile(r"punch_logs_(\d{4})_(\d{2})")

PRESENT = sa.text("SELECT relid::regclass::text FROM pg_partition_tree('punch_logs') WHERE isleaf")
CREATE = sa.text("SELECT make_punch_month(:year, :month)")
SHORT_WAIT = sa.text("SET LOCAL lock_timeout = '200ms'")

Month = tuple[int, int]


def month_of(moment: date | datetime) -> Month:
    return moment.year, moment.month


def months_ahead(count: int = 2) -> list[Month]:
    """The present month (of any zone) and the next ``count``."""
    first = (utc_now() - timedelta(days=1)).date().replace(day=1)
    return [((first.year * 12 + first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1) for n in range(count + 1)]


class Months:
    """The months known to have a partition; queries the database again only for a month that is not known.

    ``patience``: seconds for which creation is retried while other transactions lock the tables.
    """

    def __init__(self, database: Database, *, patience: float = 20.0) -> None:
        self._database = database
        self._patience = patience
        self._known: set[Month] = set()

    def missing(self, months: Iterable[Month]) -> set[Month]:
        return set(months) - self._known

    async def create(self, months: Collection[Month]) -> None:
        """Create the missing partitions; safe to call from many processes at once.

        Attaching a partition locks `staff` and `devices` against writers, one after the other. Each month has a
        transaction of its own that waits for a lock much shorter than PostgreSQL waits before it looks for a deadlock
        (a second), so no other transaction is ever aborted for it; this one gives up and is retried.
        """
        async with self._database.transaction() as session:
            present = await session.scalars(PRESENT)
            found = {(int(m[1]), int(m[2])) for m in map(NAME.fullmatch, present) if m}
        self._known |= found
        for year, month in sorted(set(months) - found):
            try:
                await self._create(year, month)
            except DBAPIError as error:
                if not is_contention(error):
                    raise
                detail = f"The punches of {year}-{month:02d} have no place yet: others keep the tables busy"
                raise Unavailable("month_not_made", detail, retry_after=5) from error
            self._known.add((year, month))

    async def _create(self, year: int, month: int) -> None:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(is_contention),
            wait=wait_random(0.05, 0.5),
            stop=stop_after_delay(self._patience),
            reraise=True,
        ):
            with attempt:
                async with self._database.transaction() as session:
                    await session.execute(SHORT_WAIT)
                    await session.execute(CREATE, {"year": year, "month": month})

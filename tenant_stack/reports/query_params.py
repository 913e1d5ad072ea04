"""What a report's address says: days, people, format. Parameters of the routes, and the request they make."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from pydantic import ValidationError

from foundation.errors import Invalid
from tenant_stack.reports.relative_dates import Span
from tenant_stack.reports.schemas import Cells, ReportRequest
from tenant_stack.rules.records import Status


def _asked(  # noqa: PLR0913 - each is a query parameter
    date_: Annotated[date | None, Query(alias="date", description="One local day")] = None,
    month: Annotated[str | None, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="YYYY-MM")] = None,
    first: Annotated[date | None, Query(alias="from", description="First local day")] = None,
    last: Annotated[date | None, Query(alias="to", description="Last local day, included")] = None,
    span: Annotated[Span | None, Query(description="Days that move with the calendar")] = None,
    site_id: Annotated[list[UUID] | None, Query(max_length=200)] = None,
    department: Annotated[list[str] | None, Query(max_length=200)] = None,
    group_id: Annotated[list[UUID] | None, Query(max_length=200, description="Device groups")] = None,
    staff_id: Annotated[list[UUID] | None, Query(max_length=1_000)] = None,
    status: Annotated[list[Status] | None, Query(max_length=20)] = None,
    cells: Annotated[Cells, Query(description="What a sheet's cells show")] = "status",
) -> ReportRequest:
    """The request without its kind."""
    given = [date_ is not None, month is not None, first is not None or last is not None, span is not None]
    if sum(given) > 1:
        raise Invalid("days", "Give `date`, `month`, `span`, or `from` and `to`", field="date")
    if sum(given) == 0:
        span = "today"
    elif date_ is not None:
        first = last = date_
    elif month is not None:
        year, number = int(month[:4]), int(month[5:])
        if year < 1:
            raise Invalid("days", "There is no year 0", field="month")
        first, last = date(year, number, 1), date(year, number, monthrange(year, number)[1])
    elif span is None and (first is None or last is None):
        raise Invalid("days", "Give both `from` and `to`", field="to" if last is None else "from")
    try:
        return ReportRequest(
            kind="daily",
            span=span,
            first=first,
            last=last,
            site_ids=site_id or [],
            departments=department or [],
            group_ids=group_id or [],
            staff_ids=staff_id or [],
            statuses=status or [],
            cells=cells,
        )
    except ValidationError as error:
        raise Invalid("report", str(error.errors()[0]["msg"])) from error


Asking = Annotated[ReportRequest, Depends(_asked)]

"""The owner's reports: one of their own, saved; one sent each week; the last month on paper."""

from __future__ import annotations

from punctual.demo.companies import Company
from punctual.demo.tenant_api import Tenant


async def keep_reports(owner: Tenant, company: Company) -> None:
    """Asked for as the owner, since reports go out on behalf of people."""
    shape = {
        "title": "Hours by department",
        "columns": ["days_worked", "days_absent", "days_late", "worked", "overtime"],
        "group_by": ["department", "employee"],
        "detail": False,
    }
    report = {"kind": "custom", "span": "last_month", "shape": shape}
    await owner.add("/api/reports/saved", {"name": "Hours by department", "report": report})
    if not await owner.items("/api/reports/schedules"):
        await owner.post(
            "/api/reports/schedules",
            {
                "name": "Overtime of the week",
                "report": {"kind": "overtime", "span": "last_week"},
                "format": "pdf",
                "every": "week",
                "weekday": 0,
                "at": "07:00",
                "zone": company.zone,
                "recipients": [company.owner_email],
            },
        )

    if not await owner.items("/api/reports/runs"):
        await owner.post("/api/reports/runs", {"report": {"kind": "monthly", "span": "last_month"}, "format": "pdf"})

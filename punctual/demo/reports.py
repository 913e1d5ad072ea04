"""The owner's reports: a saved custom one, a weekly schedule, and the last month as PDF."""

from __future__ import annotations

from punctual.demo.api import Api
from punctual.demo.companies import Company


async def create_reports(owner: Api, company: Company) -> None:
    """Create them as the owner, since reports are run in a user's name."""
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

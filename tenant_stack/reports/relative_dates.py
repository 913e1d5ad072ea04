"""Days that move with the calendar, so that a saved report or a schedule says "last month" and means it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

Span = Literal[
    "today", "yesterday", "this_week", "last_week", "this_month", "last_month", "last_7_days", "last_30_days"
]

WORDS: dict[Span, str] = {
    "today": "Today",
    "yesterday": "Yesterday",
    "this_week": "This week",
    "last_week": "Last week",
    "this_month": "This month",
    "last_month": "Last month",
    "last_7_days": "The last 7 days",
    "last_30_days": "The last 30 days",
}


def days_of(span: Span, today: date) -> tuple[date, date]:
    """First and last day, both included, seen from a local date. Weeks begin on Monday."""
    day = timedelta(days=1)
    monday = today - today.weekday() * day
    month = today.replace(day=1)
    before = month - day
    found: dict[Span, tuple[date, date]] = {
        "today": (today, today),
        "yesterday": (today - day, today - day),
        "this_week": (monday, monday + 6 * day),
        "last_week": (monday - 7 * day, monday - day),
        "this_month": (month, (month + 31 * day).replace(day=1) - day),
        "last_month": (before.replace(day=1), before),
        "last_7_days": (today - 6 * day, today),
        "last_30_days": (today - 29 * day, today),
    }
    return found[span]

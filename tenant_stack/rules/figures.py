"""The durations of a day record: one description each for the table, the API, reports and what approvals keep. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A duration in seconds.

    ``name`` is the field of a record and the column of its table; in the API the same in minutes ends in ``_minutes``.
    ``code`` is its name in reports, snapshots and deltas. ``derived``: it follows from the others, so no difference of
    its own is kept.
    """

    name: str
    label: str
    explanation: str
    derived: bool = False

    @property
    def code(self) -> str:
        return CODES.get(self.name, self.name.removesuffix("_seconds"))


CODES = {"break_seconds": "breaks", "paid_break_seconds": "paid_breaks"}

FIGURES = (
    Figure("presence_seconds", "Present", "First in to last out of each stretch of work"),
    Figure("worked_seconds", "Worked", "Time that is paid, after breaks and rounding"),
    Figure("break_seconds", "Breaks", "Breaks that were punched"),
    Figure("deducted_seconds", "Deducted", "Breaks taken off by rule"),
    Figure("paid_break_seconds", "Paid breaks", "Breaks that were punched and are paid"),
    Figure("expected_seconds", "Expected", "Scheduled work; none without a schedule"),
    Figure("late_seconds", "Late", "Arrival after the start of the shift, zero within grace"),
    Figure("early_seconds", "Early out", "Departure before the end of the shift, zero within grace"),
    Figure("overtime_seconds", "Overtime", "Worked time under the pay codes of overtime"),
    Figure(
        "balance_seconds", "Balance", "Worked less expected, zero within the tolerance; none without a schedule", True
    ),
)
FIGURE = {each.name: each for each in FIGURES}

"""What configuration a day was computed by, as a digest: to tell a change of rules from a change of punches. Pure."""

from __future__ import annotations

from datetime import date

from tenant_stack.attendance.record_rows import digest_of
from tenant_stack.rules.inputs import Leave
from tenant_stack.rules.roster import codes_on, version_on
from tenant_stack.schedules.terms import Terms

Key = tuple[int, tuple[int, ...], bool, bool, Leave | None, str]


class TermsDigests:
    """Digests of one batch. The objects of the terms live as long as the batch, so their identity is their key."""

    def __init__(self) -> None:
        self._known: dict[Key, str] = {}
        self._objects: dict[int, str] = {}

    def of(self, terms: Terms, day: date) -> str:
        """Of the rules, the shifts, the calendar and the leave that hold on a day."""
        rules = terms.rules[0]
        for each in terms.rules[1:]:
            if each.effective > day:
                break
            rules = each
        codes = codes_on(terms.assignments, terms.default_shift, day)
        shifts = [version_on(terms.shifts.get(code, ()), day) for code in codes]
        holiday, off = day in terms.calendar.holidays, terms.calendar.is_off(day)
        leave = next((each for each in terms.leaves if each.day == day), None)
        key = (id(rules), tuple(id(each) for each in shifts), holiday, off, leave, terms.zone)
        found = self._known.get(key)
        if found is None:
            parts = [self._text(rules), *(self._text(each) for each in shifts), repr((holiday, off, leave, terms.zone))]
            found = self._known[key] = digest_of("|".join(parts))
        return found

    def _text(self, value: object) -> str:
        found = self._objects.get(id(value))
        if found is None:
            found = self._objects[id(value)] = digest_of(repr(value))
        return found

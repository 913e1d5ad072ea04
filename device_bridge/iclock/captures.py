"""Captures requested from the portal: what a push clock answers to ENROLL, as steps that people can follow.

The clock answers once, when the person has finished or given up; the template itself comes as an upload. Codes: the
vendor's *Attendance PUSH Communication Protocol* 2.4.2.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime

from device_bridge.iclock.parser import Outcome
from foundation.contracts.bridge import EnrolmentStep

REMEMBERED = 2000
CANCELLED = 6
MESSAGES = {
    2: "The clock holds a template there already; nothing was replaced",
    4: "The finger or face could not be read well enough",
    5: "The same finger is on the clock already, perhaps of another person",
    CANCELLED: "The capture was cancelled at the clock",
    7: "The clock is busy with something else",
    -10: "The clock does not know this person yet",
    -1001: "The clock is full",
    -1002: "The clock cannot capture this at a distance",
    -1003: "Nobody came to the clock in time",
    -1005: "The clock is busy with something else",
}


class Captures:
    """Which commands asked for captures. After a restart of ours the clock's echo of the command tells it."""

    def __init__(self) -> None:
        self._begun: OrderedDict[tuple[str, str], None] = OrderedDict()

    def begin(self, serial: str, identifier: str) -> bool:
        """The clock is being asked for a capture; False when it was asked before and this repeats it."""
        fresh = (serial, identifier) not in self._begun
        self._begun[serial, identifier] = None
        while len(self._begun) > REMEMBERED:
            self._begun.popitem(last=False)
        return fresh

    def answered(self, serial: str, outcome: Outcome, at: datetime) -> EnrolmentStep | None:
        """The last step of a capture, if this is the answer to one."""
        known = (serial, outcome.id) in self._begun
        if not known and not outcome.text.upper().startswith("ENROLL"):
            return None
        self._begun.pop((serial, outcome.id), None)
        return step_of(serial, outcome.id, outcome.code, at)


def started(serial: str, identifier: str, at: datetime) -> EnrolmentStep:
    """The clock has been asked."""
    return EnrolmentStep(serial=serial, enrolment=identifier, at=at, step="started")


def step_of(serial: str, identifier: str, code: int, at: datetime) -> EnrolmentStep:
    """A return code as the last step."""
    if code == 0:
        return EnrolmentStep(serial=serial, enrolment=identifier, at=at, step="stored")
    message = f"{MESSAGES.get(code, 'The clock refused')} (code {code})"
    if code == CANCELLED:
        return EnrolmentStep(serial=serial, enrolment=identifier, at=at, step="cancelled", message=message)
    return EnrolmentStep(serial=serial, enrolment=identifier, at=at, step="failed", message=message)

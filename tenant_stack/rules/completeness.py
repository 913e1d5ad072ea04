"""May absence be concluded, and is somebody late who has not come? Pure; instants are seconds since 1970.

Absence is a statement about missing data, so it waits until the data must be there: the shift's window is over, every
device of the person has reported past it, and the waiting time has passed. An offline clock keeps the day open.
"""

from __future__ import annotations


def may_conclude(closes: int, *, now: int | None, complete: int | None, wait: int) -> bool:
    """May the absence of punches be read as absence? ``closes`` is the end of the shift's window.

    ``complete`` None means that nothing but the clock speaks for it; ``now`` None means that everything is past.
    """
    if complete is not None and complete < closes:
        return False
    if now is None:
        return True
    return now >= closes + (wait if complete is None else 0) and now >= closes


def not_arrived(due_in: int, *, grace: int, now: int) -> int:
    """Seconds somebody who has not punched is late by now; 0 while within the grace. Judged by the clock alone."""
    late = now - due_in
    return late if late > grace else 0

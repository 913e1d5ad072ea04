"""What becomes of a computed day beside the record there is: written, kept, reopened, or a difference. Pure.

The states are those of ``rules.lifecycle``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from tenant_stack.attendance.engine_inputs import Period
from tenant_stack.attendance.record_rows import NO_PUNCHES, Content, figures_of, snapshot_of, unpack
from tenant_stack.rules.lifecycle import State, changed, difference
from tenant_stack.tables.attendance import AttendanceRecord

StaffDay = tuple[UUID, date]


@dataclass(frozen=True, slots=True)
class Write:
    """A row to write: what was computed, and its life."""

    content: Content
    state: str = "open"
    snapshot: dict[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """A line for the audit trail about a record that was not simply computed."""

    record_id: UUID
    action: str
    before: dict[str, object]
    after: dict[str, object]


@dataclass(slots=True)
class Settlement:
    """Everything a batch changes."""

    writes: list[Write] = field(default_factory=list)
    removed: list[UUID] = field(default_factory=list)
    emptied: list[tuple[UUID, str, dict[str, object]]] = field(default_factory=list)
    conflicts: list[tuple[UUID, str]] = field(default_factory=list)
    differences: dict[StaffDay, dict[str, int]] = field(default_factory=dict)
    trail: list[Trail] = field(default_factory=list)

    def settle(
        self, key: StaffDay, stored: AttendanceRecord | None, content: Content | None, locked: Period | None
    ) -> bool:
        """Decide about one day; tells whether what was computed differs from what is stored."""
        if stored is None:
            if content is None:
                return False
            if locked is not None:
                self.differences[key] = figures_of(content.record)
            else:
                self.writes.append(Write(content))
            return True
        same = content is not None and content.digest == stored.digest
        if stored.state == State.LOCKED:
            new = figures_of(content.record if content else None)
            self.differences[key] = difference(figures_of(unpack(stored, traced=False)), new)
            return bool(self.differences[key])
        if same:
            return False
        if stored.manual:
            return self._contradict(stored, content)
        if stored.state in (State.APPROVED, State.SUBMITTED):
            self._late(stored, content)
        elif content is not None:
            self.writes.append(Write(content, stored.state, stored.snapshot))
        elif stored.state == State.OPEN:
            self.removed.append(stored.id)
        else:
            return self._empty(stored, stored.state, stored.snapshot or {})
        return True

    def _late(self, stored: AttendanceRecord, content: Content | None) -> None:
        """A submitted or approved record was computed anew; the same figures with other reasons leave its state."""
        before = unpack(stored, traced=False)
        figures = figures_of(before)
        differs = difference(figures, figures_of(content.record if content else None))
        state = changed(State(stored.state)) if differs else State(stored.state)
        snapshot = snapshot_of(before) if state is State.REOPENED else stored.snapshot
        self.trail.append(
            Trail(
                stored.id,
                "attendance.reopened_by_late_data" if differs else "attendance.explained_anew",
                {"state": stored.state, "figures": figures},
                {"state": state.value, "difference": differs},
            )
        )
        if content is not None:
            self.writes.append(Write(content, state.value, snapshot))
        else:
            self._empty(stored, state.value, snapshot or {})

    def _empty(self, stored: AttendanceRecord, state: str, snapshot: dict[str, object]) -> bool:
        """Nothing is left of a day that somebody approved: the row stays, with nothing in it, to be looked at."""
        if stored.punches_digest == NO_PUNCHES and stored.digest == "empty":
            return False
        self.emptied.append((stored.id, state, snapshot))
        return True

    def _contradict(self, stored: AttendanceRecord, content: Content | None) -> bool:
        """Figures set by hand stay; what the punches say now is a conflict to be decided."""
        digest = content.digest if content else "empty"
        if digest == stored.digest:
            return False
        self.conflicts.append((stored.id, digest))
        self.trail.append(Trail(stored.id, "attendance.punches_beside_manual_record", {}, {"conflict": True}))
        return True


def kept(stored: AttendanceRecord | None, content: Content | None, *, active: bool) -> Content | None:
    """What may be stored of a day: somebody who is no longer active gets no new records."""
    return content if active or stored is not None else None


def period_of(periods: Sequence[Period], day: date) -> Period | None:
    """The locked period of a date."""
    return next((each for each in periods if each.state == "locked" and each.has(day)), None)


def remaining(total: Mapping[str, int], settled: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """What of a difference is not in deltas that were paid already."""
    names = set(total).union(*settled)
    found = {name: total.get(name, 0) - sum(each.get(name, 0) for each in settled) for name in sorted(names)}
    return {name: amount for name, amount in found.items() if amount}

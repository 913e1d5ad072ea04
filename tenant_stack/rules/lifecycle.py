"""States of a day record and the transitions between them. Pure.

A record is open until somebody submits or approves it. New data never changes approved figures unnoticed: it reopens an
approved record and takes back a submitted one. A locked record stays as it is; what changes is paid in a later period
as a delta (as UKG's historical corrections do). Nobody decides about their own record.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from tenant_stack.rules.validation import RuleProblem


class State(StrEnum):
    OPEN = "open"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REOPENED = "reopened"
    LOCKED = "locked"


# Action: the states it is possible in, the state after it, its past participle.
ACTIONS = {
    "submit": ((State.OPEN, State.REOPENED), State.SUBMITTED, "submitted"),
    "approve": ((State.OPEN, State.SUBMITTED, State.REOPENED), State.APPROVED, "approved"),
    "reject": ((State.SUBMITTED,), State.OPEN, "sent back"),
    "reopen": ((State.APPROVED,), State.REOPENED, "reopened"),
}


def decided(state: State, action: str, *, own: bool) -> State:
    """The state after an action. `RuleProblem` when it is not possible, or when the record is the decider's ``own``."""
    before, after, participle = ACTIONS[action]
    if own and action != "submit":
        what = "approves" if action == "approve" else "decides about"
        raise RuleProblem("approver", f"nobody {what} their own record")
    if state not in before:
        raise RuleProblem("state", f"a record that is {state} cannot be {participle}")
    return after


def changed(state: State) -> State:
    """The state after the figures of a record changed by late data, by other rules or by hand."""
    return {State.APPROVED: State.REOPENED, State.SUBMITTED: State.OPEN}.get(state, state)


def difference(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """The figures that changed, by name: after minus before."""
    names = sorted(before.keys() | after.keys())
    return {name: after.get(name, 0) - before.get(name, 0) for name in names if after.get(name) != before.get(name)}

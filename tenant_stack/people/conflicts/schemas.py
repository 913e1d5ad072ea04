"""Conflicts as the API takes and shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["changed_at_clock", "changed_on_both", "pin_collision"]
State = Literal["open", "resolved"]
Take = Literal["ours", "device", "value", "apart"]


class FactsView(BaseModel):
    """A person as a clock holds them; card 0 is none, privilege 0 user, 2 enroller, 6 manager, 14 super admin."""

    name: str
    card: int
    privilege: int


class FactsIn(BaseModel):
    """Values of one's own; what is left out stays ours."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")] | None = None
    card: Annotated[int, Field(ge=0, le=0xFFFFFFFF)] | None = None
    privilege: Literal[0, 2, 6, 14] | None = None


class ConflictView(BaseModel):
    """A clock and we said different things of one number. ``rule`` says in words what decided, or why nothing did.

    ``taken``: whose values ``result`` has (``mixed``: of each field the later). ``undo_until``: a decision by hand can
    be taken back until then.
    """

    id: UUID
    kind: Kind
    state: State
    device_id: UUID
    device_name: str
    staff_id: UUID | None
    staff_name: str | None
    pin: str
    fields: list[str]
    agreed: FactsView | None
    ours: FactsView | None
    theirs: FactsView
    ours_at: datetime | None
    theirs_at: datetime
    rule: str
    automatic: bool
    taken: str | None
    result: FactsView | None
    resolved_at: datetime | None
    resolved_by: str
    undo_until: datetime | None
    created_at: datetime


class ResolveIn(BaseModel):
    """``ours`` and ``device`` take one side, ``value`` values of one's own; ``apart``: these are two people."""

    model_config = ConfigDict(extra="forbid")

    take: Take
    value: FactsIn | None = None


class ResolveManyIn(BaseModel):
    """The same decision for all of one kind; with ``preview`` only how many that would be."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    take: Literal["ours", "device", "apart"]
    state: State = "open"
    device_id: UUID | None = None
    preview: bool = False


class ManyResolved(BaseModel):
    """``matched`` at the time; ``resolved`` by this call (at most 500 a call, none for a preview)."""

    matched: int
    resolved: int

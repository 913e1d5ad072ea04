"""Whom and which days a report is about."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from tenant_stack.rules.records import Status

MOST_DAYS = 366
Department = Annotated[str, StringConstraints(min_length=1, max_length=120)]


class Filters(BaseModel):
    """Local dates at the site, both ends included. An empty list does not restrict.

    ``parts`` are the caller's own limits (see `Principal.parts`), not something that can be asked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: date
    last: date
    site_ids: list[UUID] = Field(default_factory=list, max_length=200)
    departments: list[Department] = Field(default_factory=list, max_length=200)
    group_ids: list[UUID] = Field(default_factory=list, max_length=200)
    staff_ids: list[UUID] = Field(default_factory=list, max_length=10_000)
    statuses: list[Status] = Field(default_factory=list, max_length=20)
    states: list[Literal["open", "submitted", "approved", "reopened", "locked"]] = Field(
        default_factory=list, max_length=5
    )
    parts: frozenset[str] | None = Field(default=None, exclude=True)

    @model_validator(mode="after")
    def _reasonable(self) -> Self:
        if self.last < self.first:
            raise ValueError("The last day lies before the first")
        if (self.last - self.first).days >= MOST_DAYS:
            raise ValueError(f"A report covers at most {MOST_DAYS} days")
        return self

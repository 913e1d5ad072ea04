"""Row-level limits: the sites and departments that a caller sees, applied to every query of the request.

A caller's `Principal.parts` holds ``site:ID`` and ``department:NAME``; None is everything. Sites and departments each
narrow: with both, a person must be at one of the sites *and* in one of the departments. Devices stand at sites and
belong to no department.

`limit_queries` adds the condition to everything that the request selects through the models, in one place, so that no
route can forget it: people, whatever has a ``staff_id`` (punches, records, anomalies, templates …) and whatever has a
``device_id``. What is shared by the whole organisation (`SHARED`) a limited caller may read and never change.
Statements written as text are not covered; those that a limited caller can reach take a `Scope`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, with_loader_criteria

from foundation.errors import Forbidden
from foundation.sign_in.principal import Principal
from tenant_stack.tables.access import User
from tenant_stack.tables.devices import Device
from tenant_stack.tables.staff import Staff

SITE, DEPARTMENT = "site:", "department:"
CALLER = "caller"
# Tables whose rows concern everybody: a change by the manager of one site would affect all others.
SHARED = frozenset(
    {
        "attendance_periods",
        "consent_texts",
        "device_group_devices",
        "device_group_sites",
        "device_group_staff",
        "device_groups",
        "holidays",
        "organisation_logo",
        "organisation_settings",
        "own_connections",
        "role_permissions",
        "roles",
        "rule_set_versions",
        "rule_sets",
        "shift_versions",
        "shifts",
        "sites",
        "support_grants",
        "support_policy",
        "webhooks",
        "weekly_offs",
    }
)
# Tables about people who are not named in a column: hidden from a limited caller.
HIDDEN = frozenset({"webhook_deliveries"})


@dataclass(frozen=True)
class Scope:
    """Sites and departments that limit a caller; None is no limit of that kind."""

    sites: frozenset[UUID] | None = None
    departments: frozenset[str] | None = None

    @property
    def everything(self) -> bool:
        return self.sites is None and self.departments is None

    def contains(self, other: Scope) -> bool:
        """Whether this scope includes the other one entirely. Nobody grants more than they have."""
        sites = self.sites is None or (other.sites is not None and other.sites <= self.sites)
        departments = self.departments is None or (
            other.departments is not None and other.departments <= self.departments
        )
        return sites and departments

    def has_person(self, site_id: UUID | None, department: str | None) -> bool:
        return (self.sites is None or site_id in self.sites) and (
            self.departments is None or department in self.departments
        )


def parts_of(sites: list[str] | None, departments: list[str] | None) -> frozenset[str] | None:
    """What a `Principal` carries; None when neither limits."""
    if sites is None and departments is None:
        return None
    parts = {f"{SITE}{each}" for each in sites or ()} | {f"{DEPARTMENT}{each}" for each in departments or ()}
    # An empty list permits no site at all, and must not read as "no limit".
    if sites == []:
        parts.add(SITE)
    if departments == []:
        parts.add(DEPARTMENT)
    return frozenset(parts)


def scope_of(caller: Principal) -> Scope:
    """The caller's scope as ids and names."""
    if caller.parts is None:
        return Scope()
    sites = [each.removeprefix(SITE) for each in caller.parts if each.startswith(SITE)]
    departments = [each.removeprefix(DEPARTMENT) for each in caller.parts if each.startswith(DEPARTMENT)]
    return Scope(
        frozenset(UUID(each) for each in sites if each) if sites else None,
        frozenset(each for each in departments if each) if departments else None,
    )


def refuse_limited(caller: Principal) -> None:
    """For what concerns everybody and is no row of `SHARED`: `Forbidden` to a limited caller."""
    if caller.parts is not None:
        raise _limited()


def people_within(scope: Scope) -> sa.ColumnElement[bool]:
    """The condition on `Staff`."""
    conditions = []
    if scope.sites is not None:
        conditions.append(Staff.site_id.in_(sorted(scope.sites)))
    if scope.departments is not None:
        conditions.append(Staff.department.in_(sorted(scope.departments)))
    return sa.and_(sa.true(), *conditions)


def clocks_within(scope: Scope) -> sa.ColumnElement[bool]:
    """The condition on `Device`."""
    return sa.true() if scope.sites is None else Device.site_id.in_(sorted(scope.sites))


def limit_queries(session: AsyncSession, caller: Callable[[], Principal | None]) -> None:
    """Limit every query of this session to the caller's scope; ``caller`` is called when a query runs."""
    session.sync_session.info[CALLER] = caller


@event.listens_for(Session, "do_orm_execute")
def _limit_statement(state: ORMExecuteState) -> None:
    asked = state.session.info.get(CALLER)
    # Loading of attributes of rows that were already selected is not limited again.
    if asked is None or state.is_column_load or state.is_relationship_load:
        return
    caller = asked()
    if caller is None or caller.parts is None:
        return
    if not state.is_select:
        _refuse_shared(state.bind_mapper.class_.__tablename__ if state.bind_mapper is not None else "")
    if not (state.is_select or state.is_update or state.is_delete):
        return
    scope = scope_of(caller)
    subject = _statement_entity(state)
    # On core tables, so that the conditions are not limited themselves.
    staff, devices = Staff.__table__.c, Device.__table__.c
    people = sa.select(staff.id).where(_without_annotations(people_within(scope)))
    clocks = sa.select(devices.id).where(_without_annotations(clocks_within(scope)))
    options = [with_loader_criteria(Staff, people_within(scope), include_aliases=True)]
    if subject is Device:
        # In other statements a device is only named: a person of one site may punch at another.
        options.append(with_loader_criteria(Device, clocks_within(scope), include_aliases=True))
    for model, personal, at_clock in _limited_models():
        entity: Any = model
        if personal and at_clock:
            visible = sa.or_(
                entity.staff_id.in_(people), sa.and_(entity.staff_id.is_(None), entity.device_id.in_(clocks))
            )
        else:
            visible = entity.staff_id.in_(people) if personal else entity.device_id.in_(clocks)
        options.append(with_loader_criteria(model, visible, include_aliases=True))
    options += [with_loader_criteria(model, sa.false(), include_aliases=True) for model in _hidden_models()]
    state.statement = state.statement.options(*options)


@event.listens_for(Session, "before_flush")
def _check_flush(session: Session, _context: UOWTransaction, _instances: object) -> None:
    asked = session.info.get(CALLER)
    caller = None if asked is None else asked()
    if caller is not None and caller.parts is not None:
        for row in (*session.new, *session.dirty, *session.deleted):
            if row not in session.dirty or session.is_modified(row):
                _refuse_shared(row.__tablename__)


def _refuse_shared(table: str) -> None:
    if table in SHARED:
        raise _limited()


def _limited() -> Forbidden:
    return Forbidden("scope_limited", "This is the same for the whole organisation; your account sees a part of it")


def _without_annotations(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """The same condition without the ORM's annotations."""
    return condition._deannotate()


def _statement_entity(state: ORMExecuteState) -> type[Any] | None:
    """The model that a statement selects or changes: that of its first column."""
    descriptions = getattr(state.statement, "column_descriptions", None) or [{}]
    entity = descriptions[0].get("entity")
    if entity is None and state.bind_mapper is not None:
        entity = state.bind_mapper.class_
    return entity if isinstance(entity, type) else None


@cache
def _limited_models() -> tuple[tuple[type[Any], bool, bool], ...]:
    """Models about a person or a device: (model, has ``staff_id``, has ``device_id``)."""
    found = []
    for mapper in sa.inspect(Staff).registry.mappers:
        names = set(mapper.columns.keys())
        if mapper.class_ is not User and names & {"staff_id", "device_id"}:
            found.append((mapper.class_, "staff_id" in names, "device_id" in names))
    return tuple(found)


@cache
def _hidden_models() -> tuple[type[Any], ...]:
    mappers = sa.inspect(Staff).registry.mappers
    return tuple(mapper.class_ for mapper in mappers if mapper.class_.__tablename__ in HIDDEN)

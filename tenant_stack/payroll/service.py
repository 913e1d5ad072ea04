"""Profiles, and files of what payroll shall pay. Nothing here counts as paid: that is what a batch is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import utc_now
from foundation.database import unique
from foundation.errors import Conflict, Invalid, NotFound
from foundation.sign_in.principal import Principal
from tenant_stack.payroll.definition import Definition
from tenant_stack.payroll.lines import SECONDS, PayLine
from tenant_stack.payroll.mapping import About, Sheet, Total, make_sheet
from tenant_stack.payroll.profiles import READY
from tenant_stack.payroll.queries import Scope, count_records, days_in, read_lines, read_people
from tenant_stack.payroll.schemas import (
    LONGEST_DAYS,
    ChangedProfile,
    LinesAnswer,
    LineView,
    NewProfile,
    Preview,
    ProfileLine,
    ProfileView,
    Readiness,
    Selection,
    TotalView,
)
from tenant_stack.payroll.writers.files import File, written_file
from tenant_stack.tables.attendance import AttendancePeriod
from tenant_stack.tables.base import audited
from tenant_stack.tables.payroll import PayrollProfile

PROFILE = "payroll_profile"
MOST_DAYS_AT_ONCE = 400_000
ROUNDED = {
    "half_up": "Each figure is rounded once, halves up; totals are the sums of the rounded figures.",
    "half_even": "Each figure is rounded once, halves to even; totals are the sums of the rounded figures.",
    "down": "Each figure is rounded down once; totals are the sums of the rounded figures.",
}


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile wherever it comes from."""

    code: str
    name: str
    ready: bool
    advice: str
    version: int
    definition: Definition

    @property
    def line(self) -> dict[str, Any]:
        shape = self.definition
        return {
            "code": self.code,
            "name": self.name,
            "ready": self.ready,
            "advice": self.advice,
            "version": self.version,
            "layout": shape.layout,
            "shape": shape.shape,
            "each": shape.each,
        }


def read_definition(raw: dict[str, Any]) -> Definition:
    """A definition as somebody wrote it; `Invalid` names the field at fault."""
    try:
        return Definition.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        reason = str(first["msg"]).removeprefix("Value error, ")
        where = ".".join(str(part) for part in first["loc"])
        if not where:
            where, _, reason = reason.partition(": ")
        raise Invalid("invalid_profile", f"{where}: {reason}", field=f"definition.{where}") from error


async def find_profile(session: AsyncSession, code: str) -> Profile:
    """A ready or an own profile."""
    if (ready := READY.get(code)) is not None:
        return Profile(ready.code, ready.name, True, ready.advice, 1, ready.definition)
    row = await session.scalar(sa.select(PayrollProfile).where(PayrollProfile.code == code))
    if row is None:
        raise NotFound("profile_not_found", f"There is no payroll profile {code}")
    return _own(row)


def _own(row: PayrollProfile) -> Profile:
    return Profile(row.code, row.name, False, "", row.version, Definition.model_validate(row.definition))


async def list_profiles(session: AsyncSession) -> list[ProfileLine]:
    """Own profiles first, then those that came ready."""
    own = [_own(row) for row in await session.scalars(sa.select(PayrollProfile).order_by(PayrollProfile.name))]
    ready = [Profile(each.code, each.name, True, each.advice, 1, each.definition) for each in READY.values()]
    return [ProfileLine(**each.line) for each in [*own, *ready]]


def profile_view(profile: Profile) -> ProfileView:
    return ProfileView(**profile.line, definition=profile.definition)


async def create_profile(session: AsyncSession, wanted: NewProfile, caller: Principal) -> ProfileView:
    """Make an own profile."""
    if wanted.code in READY:
        raise Conflict("code_taken", "A profile that came ready has this code", field="code")
    if wanted.copy_of is not None:
        definition = (await find_profile(session, wanted.copy_of)).definition
    else:
        definition = read_definition(wanted.definition or {})
    row = PayrollProfile(code=wanted.code, name=wanted.name, definition=definition.model_dump(mode="json"), version=1)
    async with unique(session, uq_payroll_profiles_code="code"):
        session.add(row)
    after: dict[str, object] = {"code": row.code, "name": row.name, "copy_of": wanted.copy_of}
    audited(session, caller.actor, "payroll.profile.create", PROFILE, row.id, after=after)
    return profile_view(_own(row))


async def change_profile(session: AsyncSession, code: str, wanted: ChangedProfile, caller: Principal) -> ProfileView:
    """Change an own profile; batches keep the one they were made with."""
    row = await _held(session, code)
    if row.version != wanted.version:
        raise Conflict(
            "version_conflict", "The profile has changed since you saw it; look at it again", field="version"
        )
    definition = read_definition(wanted.definition)
    before: dict[str, object] = {"name": row.name, "definition": row.definition}
    row.name, row.definition, row.version = wanted.name, definition.model_dump(mode="json"), row.version + 1
    after: dict[str, object] = {"name": row.name, "definition": row.definition}
    audited(session, caller.actor, "payroll.profile.update", PROFILE, row.id, before=before, after=after)
    await session.flush()
    return profile_view(_own(row))


async def delete_profile(session: AsyncSession, code: str, caller: Principal) -> None:
    """Remove an own profile; batches made with it stay."""
    row = await _held(session, code)
    before: dict[str, object] = {"code": row.code, "name": row.name, "definition": row.definition}
    audited(session, caller.actor, "payroll.profile.delete", PROFILE, row.id, before=before)
    await session.delete(row)


async def _held(session: AsyncSession, code: str) -> PayrollProfile:
    if code in READY:
        raise Conflict("profile_ready", "This profile came ready; copy it and change the copy")
    row = await session.scalar(sa.select(PayrollProfile).where(PayrollProfile.code == code).with_for_update())
    if row is None:
        raise NotFound("profile_not_found", f"There is no payroll profile {code}")
    return row


async def scope_of(session: AsyncSession, wanted: Selection, *, against: bool) -> Scope:
    """The dates and people somebody chose; `Invalid` names what is wrong with them."""
    first, last = wanted.first, wanted.last
    if wanted.period_id is not None:
        period = await session.get(AttendancePeriod, wanted.period_id)
        if period is None:
            raise Invalid("unknown_period", "There is no such period", field="period_id")
        first, last = period.starts_on, period.ends_on
    if first is None or last is None:
        raise Invalid("dates_missing", "Name a period, or both dates", field="from")
    if last < first:
        raise Invalid("dates_reversed", "The last date lies before the first", field="to")
    if (last - first).days >= LONGEST_DAYS:
        raise Invalid("range_too_long", f"At most {LONGEST_DAYS} days at once", field="to")
    return Scope(
        first,
        last,
        tuple(sorted(set(wanted.departments))),
        tuple(sorted(set(wanted.site_ids))),
        tuple(sorted(set(wanted.staff_ids))),
        everything=wanted.include == "all",
        against=against,
    )


async def sheet_of(
    session: AsyncSession, scope: Scope, profile: Profile, organisation: str, lines: list[PayLine] | None = None
) -> Sheet:
    """The rows of a file now; of other lines when they are given."""
    if lines is None:
        if await days_in(session, scope) > MOST_DAYS_AT_ONCE:
            raise Invalid("too_much_at_once", "That is too much for one answer; make a batch of it", field="from")
        lines = await read_lines(session, scope, daily=profile.definition.each == "day")
    people = await read_people(session, (line.staff_id for line in lines))
    about = About(
        scope.first,
        scope.last,
        organisation,
        profile.name,
        created=utc_now().date(),
        unapproved=scope.everything,
        differences=scope.against,
    )
    return make_sheet(profile.definition, lines, people, about)


async def preview(
    session: AsyncSession, scope: Scope, profile: Profile, organisation: str, *, rows: int = 25
) -> Preview:
    """The first rows, all totals, and what somebody should know before exporting."""
    sheet = await sheet_of(session, scope, profile, organisation)
    counts = await count_records(session, scope)
    readiness = Readiness(**{name: getattr(counts, name) for name in Readiness.model_fields})
    file = written_file(sheet)
    text = "" if sheet.rows else "\n".join(file.content.decode(profile.definition.encoding).splitlines()[:rows])
    return Preview(
        first=scope.first,
        last=scope.last,
        profile=profile.code,
        file_name=file.name,
        unapproved=scope.everything,
        differences=scope.against,
        rounding=ROUNDED[profile.definition.rounding],
        header=sheet.header,
        rows=sheet.rows[:rows],
        row_count=len(sheet.rows) or len(sheet.entries),
        text=text,
        people=len({entry.person.id for entry in sheet.entries}),
        totals=totals_of(sheet.totals),
        readiness=readiness,
        warnings=[*_waiting(scope, readiness), *warnings_of(sheet, file)],
    )


async def lines_answer(session: AsyncSession, scope: Scope, profile: Profile, organisation: str) -> LinesAnswer:
    """The figures of the file as JSON."""
    sheet = await sheet_of(session, scope, profile, organisation)
    measure = profile.definition.measure
    return LinesAnswer(
        first=scope.first,
        last=scope.last,
        profile=profile.code,
        unapproved=scope.everything,
        differences=scope.against,
        lines=[
            LineView(
                staff_id=entry.person.id,
                employee_id=entry.person.employee_id,
                name=entry.person.name,
                day=entry.day,
                correction=entry.carried,
                code=entry.code,
                our_code=entry.ours,
                unit="hours" if entry.unit == SECONDS else "days",
                figure=measure.text(entry.ticks, entry.unit),
            )
            for entry in sheet.entries
        ],
        totals=totals_of(sheet.totals),
    )


def totals_of(totals: list[Total]) -> list[TotalView]:
    return [
        TotalView(
            code=each.code,
            unit="hours" if each.unit == SECONDS else "days",
            figure=each.text,
            seconds=each.exact if each.unit == SECONDS else None,
            hundredths=None if each.unit == SECONDS else each.exact,
            people=each.people,
        )
        for each in totals
    ]


def _waiting(scope: Scope, counts: Readiness) -> list[str]:
    found = []
    if counts.unapproved and scope.everything:
        found.append(f"{counts.unapproved:,} records are not approved and are in the file")
    elif counts.unapproved:
        found.append(f"{counts.unapproved:,} records are not approved and are left out")
    if counts.conflicts:
        found.append(f"{counts.conflicts:,} records were set by hand and punches contradict them")
    if counts.computing:
        found.append(f"{counts.computing:,} days are being computed now; figures may still change")
    return found


def warnings_of(sheet: Sheet, file: File) -> list[str]:
    """What may make an importer refuse the file, or leave something out of it."""
    found = [
        f"The profile does not know {code}: {people:,} {'person' if people == 1 else 'people'} left out"
        for code, people in sheet.unmapped.items()
    ]
    found += [f"{title}: the text of {rows:,} rows is cut short" for title, rows in sheet.cut.items()]
    found += [
        f"The profile's setting {name.replace('_', ' ')} is empty"
        for name, value in sheet.definition.settings.items()
        if not value
    ]
    if file.lost:
        found.append(f"{file.lost:,} letters do not exist in the file's encoding and became question marks")
    below = sum(entry.ticks < 0 for entry in sheet.entries)
    if below:
        found.append(f"{below:,} figures are corrections below zero; make sure the importer takes them")
    return found

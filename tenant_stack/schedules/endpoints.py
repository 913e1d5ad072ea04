"""``/api/sites``, ``/api/shifts``, ``/api/rule-sets`` and ``/api/attendance/settings``."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from foundation.clock import utc_now, zone
from foundation.pagination import Page
from tenant_stack.access.dependencies import AttendanceEditor, AttendanceReader, Paging, Settings, Transaction
from tenant_stack.schedules import organisation, rule_sets, shifts, sites
from tenant_stack.schedules.schemas import (
    AttendanceSettings,
    NamedIn,
    RuleSetChange,
    RuleSetIn,
    RuleSetVersionIn,
    RuleSetView,
    ShiftIn,
    ShiftVersionIn,
    ShiftView,
    SiteIn,
    SiteView,
)


def _today(settings: Settings) -> date:
    return utc_now().astimezone(zone(settings.zone)).date()


# The local date of the organisation: which version is shown as the one in force.
Today = Annotated[date, Depends(_today)]


def schedules_router() -> APIRouter:
    router = APIRouter(prefix="/api", tags=["schedules"])
    router.add_api_route("/sites", list_sites, methods=["GET"])
    router.add_api_route("/sites", create_site, methods=["POST"], status_code=201)
    router.add_api_route("/sites/{site_id}", read_site, methods=["GET"])
    router.add_api_route("/sites/{site_id}", update_site, methods=["PUT"])
    router.add_api_route("/sites/{site_id}", delete_site, methods=["DELETE"], status_code=204)
    router.add_api_route("/shifts", list_shifts, methods=["GET"])
    router.add_api_route("/shifts", create_shift, methods=["POST"], status_code=201)
    router.add_api_route("/shifts/{shift_id}", read_shift, methods=["GET"])
    router.add_api_route("/shifts/{shift_id}", update_shift, methods=["PUT"])
    router.add_api_route("/shifts/{shift_id}", delete_shift, methods=["DELETE"], status_code=204)
    router.add_api_route("/shifts/{shift_id}/versions", add_shift_version, methods=["POST"], status_code=201)
    version = "/shifts/{shift_id}/versions/{version_id}"
    router.add_api_route(version, replace_shift_version, methods=["PUT"])
    router.add_api_route(version, remove_shift_version, methods=["DELETE"], status_code=204)
    router.add_api_route("/rule-sets", list_rule_sets, methods=["GET"])
    router.add_api_route("/rule-sets", create_rule_set, methods=["POST"], status_code=201)
    router.add_api_route("/rule-sets/{rule_set_id}", read_rule_set, methods=["GET"])
    router.add_api_route("/rule-sets/{rule_set_id}", update_rule_set, methods=["PUT"])
    router.add_api_route("/rule-sets/{rule_set_id}/versions", add_rule_set_version, methods=["POST"], status_code=201)
    version = "/rule-sets/{rule_set_id}/versions/{version_id}"
    router.add_api_route(version, replace_rule_set_version, methods=["PUT"])
    router.add_api_route(version, remove_rule_set_version, methods=["DELETE"], status_code=204)
    router.add_api_route("/attendance/settings", read_attendance_settings, methods=["GET"])
    router.add_api_route("/attendance/settings", change_attendance_settings, methods=["PUT"])
    return router


async def list_sites(caller: AttendanceReader, session: Transaction, page: Paging) -> Page[SiteView]:
    """Sites by code."""
    return await sites.list_sites(session, page)


async def create_site(entered: SiteIn, caller: AttendanceEditor, session: Transaction) -> SiteView:
    """Enter a site."""
    return await sites.create_site(session, caller.actor, entered)


async def read_site(site_id: UUID, caller: AttendanceReader, session: Transaction) -> SiteView:
    """One site."""
    return SiteView.model_validate(await sites.get_site(session, site_id))


async def update_site(site_id: UUID, entered: SiteIn, caller: AttendanceEditor, session: Transaction) -> SiteView:
    """Replace what was entered about a site."""
    return await sites.update_site(session, caller.actor, site_id, entered)


async def delete_site(site_id: UUID, caller: AttendanceEditor, session: Transaction) -> Response:
    """Remove a site that nothing belongs to."""
    await sites.delete_site(session, caller.actor, site_id)
    return Response(status_code=204)


async def list_shifts(caller: AttendanceReader, session: Transaction, page: Paging, today: Today) -> Page[ShiftView]:
    """Shifts by code, with their versions."""
    return await shifts.list_shifts(session, page, today)


async def create_shift(entered: ShiftIn, caller: AttendanceEditor, session: Transaction, today: Today) -> ShiftView:
    """Enter a shift with its first version."""
    return await shifts.create_shift(session, caller.actor, entered, today)


async def read_shift(shift_id: UUID, caller: AttendanceReader, session: Transaction, today: Today) -> ShiftView:
    """One shift with its versions."""
    return await shifts.read_shift(session, shift_id, today)


async def update_shift(
    shift_id: UUID, entered: NamedIn, caller: AttendanceEditor, session: Transaction, today: Today
) -> ShiftView:
    """Rename a shift. What it is changes by versions."""
    return await shifts.update_shift(session, caller.actor, shift_id, entered, today)


async def delete_shift(shift_id: UUID, caller: AttendanceEditor, session: Transaction) -> Response:
    """Remove a shift that no roster names."""
    await shifts.delete_shift(session, caller.actor, shift_id)
    return Response(status_code=204)


async def add_shift_version(
    shift_id: UUID, entered: ShiftVersionIn, caller: AttendanceEditor, session: Transaction, today: Today
) -> ShiftView:
    """Change a shift from a date on; earlier dates keep what they had."""
    return await shifts.add_shift_version(session, caller.actor, shift_id, entered, today)


async def replace_shift_version(
    shift_id: UUID,
    version_id: UUID,
    entered: ShiftVersionIn,
    caller: AttendanceEditor,
    session: Transaction,
    today: Today,
) -> ShiftView:
    """Correct a version that was entered wrongly."""
    return await shifts.replace_shift_version(session, caller.actor, shift_id, version_id, entered, today)


async def remove_shift_version(
    shift_id: UUID, version_id: UUID, caller: AttendanceEditor, session: Transaction
) -> Response:
    """Remove a version; the one before it holds instead."""
    await shifts.remove_shift_version(session, caller.actor, shift_id, version_id)
    return Response(status_code=204)


async def list_rule_sets(
    caller: AttendanceReader, session: Transaction, page: Paging, today: Today
) -> Page[RuleSetView]:
    """Rule sets by code, with their versions."""
    return await rule_sets.list_rule_sets(session, page, today)


async def create_rule_set(
    entered: RuleSetIn, caller: AttendanceEditor, session: Transaction, today: Today
) -> RuleSetView:
    """Enter a rule set with its first version."""
    return await rule_sets.create_rule_set(session, caller.actor, entered, today)


async def read_rule_set(rule_set_id: UUID, caller: AttendanceReader, session: Transaction, today: Today) -> RuleSetView:
    """One rule set with its versions."""
    return await rule_sets.read_rule_set(session, rule_set_id, today)


async def update_rule_set(
    rule_set_id: UUID, entered: RuleSetChange, caller: AttendanceEditor, session: Transaction, today: Today
) -> RuleSetView:
    """Rename a rule set, or make it the default. Its rules change by versions."""
    return await rule_sets.update_rule_set(session, caller.actor, rule_set_id, entered, today)


async def add_rule_set_version(
    rule_set_id: UUID, entered: RuleSetVersionIn, caller: AttendanceEditor, session: Transaction, today: Today
) -> RuleSetView:
    """Change the rules from a date on; earlier dates keep what they had."""
    return await rule_sets.add_rule_set_version(session, caller.actor, rule_set_id, entered, today)


async def replace_rule_set_version(
    rule_set_id: UUID,
    version_id: UUID,
    entered: RuleSetVersionIn,
    caller: AttendanceEditor,
    session: Transaction,
    today: Today,
) -> RuleSetView:
    """Correct a version that was entered wrongly."""
    return await rule_sets.replace_rule_set_version(session, caller.actor, rule_set_id, version_id, entered, today)


async def remove_rule_set_version(
    rule_set_id: UUID, version_id: UUID, caller: AttendanceEditor, session: Transaction
) -> Response:
    """Remove a version; the one before it holds instead."""
    await rule_sets.remove_rule_set_version(session, caller.actor, rule_set_id, version_id)
    return Response(status_code=204)


async def read_attendance_settings(caller: AttendanceReader, session: Transaction) -> AttendanceSettings:
    """What holds for the whole organisation."""
    return await organisation.read_settings(session)


async def change_attendance_settings(
    entered: AttendanceSettings, caller: AttendanceEditor, session: Transaction
) -> AttendanceSettings:
    """Replace what holds for the whole organisation."""
    return await organisation.change_settings(session, caller.actor, entered)

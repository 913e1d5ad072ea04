"""Every command that the organisation may queue, in the words of each family. Pure.

Two tables, one entry for each kind of command and family: what is not in them cannot be said to a clock. There is no
shell, no file transfer and no firmware in them, on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from device_bridge.iclock import access_render, render, template_render
from device_bridge.iclock.abilities import Ability
from device_bridge.iclock.template_render import NOT_SUPPORTED, NotForThisUnit
from device_bridge.messages import clock_user
from device_bridge.quirks import Family
from device_bridge.records import ClockUser
from foundation.contracts.bridge import Command, CommandKind, Template, TemplateName

Words = Callable[[Command, Ability], str]


def text_of_command(queued: Command, family: Family, unit: Ability) -> str:
    """One command. Raises `ValueError` for what no clock takes, `NotForThisUnit` for what this one cannot take."""
    return WORDS[family][queued.kind](queued, unit)


def _person(queued: Command) -> ClockUser:
    if queued.user is None:
        raise ValueError("The command names no person")
    return clock_user(queued.user)


def _template(queued: Command) -> Template:
    if queued.template is None:
        raise ValueError("The command brings no template")
    return queued.template


def _target(queued: Command) -> TemplateName:
    if queued.target is None:
        raise ValueError("The command names no template")
    return queued.target


def _count_everything(queued: Command, unit: Ability) -> str:
    if queued.since or queued.until:
        raise NotForThisUnit(NOT_SUPPORTED, "Access units count their whole log only")
    return access_render.COUNT_PUNCHES


ATTENDANCE: Mapping[CommandKind, Words] = {
    CommandKind.USER_UPDATE: lambda queued, unit: render.user_update(_person(queued)),
    CommandKind.USER_DELETE: lambda queued, unit: render.user_delete(_person(queued).pin),
    CommandKind.USER_QUERY: lambda queued, unit: render.query_user(queued.pin),
    CommandKind.TEMPLATE_UPDATE: lambda queued, unit: template_render.update(_template(queued), unit),
    CommandKind.TEMPLATE_DELETE: lambda queued, unit: template_render.delete(_target(queued), unit),
    CommandKind.TEMPLATE_QUERY: lambda queued, unit: template_render.query(_target(queued), unit),
    CommandKind.ENROLL: lambda queued, unit: template_render.enroll(_target(queued), unit, overwrite=queued.overwrite),
    CommandKind.CHECK: lambda queued, unit: render.CHECK,
    CommandKind.INFO: lambda queued, unit: render.INFO,
    CommandKind.QUERY_PUNCHES: lambda queued, unit: render.query_punches(queued.since, queued.until),
    CommandKind.VERIFY_PUNCHES: lambda queued, unit: render.verify_punches(queued.since, queued.until),
    CommandKind.CLEAR_LOG: lambda queued, unit: render.CLEAR_LOG,
    CommandKind.REBOOT: lambda queued, unit: render.REBOOT,
}

ACCESS: Mapping[CommandKind, Words] = {
    CommandKind.USER_UPDATE: lambda queued, unit: access_render.user_update(_person(queued)),
    CommandKind.USER_DELETE: lambda queued, unit: access_render.user_delete(_person(queued).pin),
    CommandKind.USER_QUERY: lambda queued, unit: access_render.query_user(queued.pin),
    CommandKind.TEMPLATE_UPDATE: lambda queued, unit: template_render.access_update(_template(queued), unit),
    CommandKind.TEMPLATE_DELETE: lambda queued, unit: template_render.access_delete(_target(queued), unit),
    CommandKind.TEMPLATE_QUERY: lambda queued, unit: template_render.access_query(_target(queued), unit),
    CommandKind.ENROLL: lambda queued, unit: template_render.enroll(_target(queued), unit, overwrite=queued.overwrite),
    CommandKind.CHECK: lambda queued, unit: access_render.NEW_PUNCHES,
    CommandKind.INFO: lambda queued, unit: access_render.INFO,
    CommandKind.QUERY_PUNCHES: lambda queued, unit: access_render.query_punches(queued.since, queued.until),
    CommandKind.VERIFY_PUNCHES: _count_everything,
    CommandKind.CLEAR_LOG: lambda queued, unit: access_render.CLEAR_LOG,
    CommandKind.REBOOT: lambda queued, unit: access_render.REBOOT,
}

WORDS: Mapping[Family, Mapping[CommandKind, Words]] = {Family.ATTENDANCE: ATTENDANCE, Family.ACCESS: ACCESS}

"""Every command that the organisation may queue, in the words of each family. Pure.

Two tables, one entry for each kind of command and family: what is not in them cannot be said to a clock. There is no
shell, no file transfer and no firmware in them, on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from device_bridge.iclock import access_renderer, renderer, template_renderer
from device_bridge.iclock.capabilities import Capabilities
from device_bridge.iclock.template_renderer import NOT_SUPPORTED, NotForThisUnit
from device_bridge.messages import clock_user
from device_bridge.quirks import Family
from device_bridge.records import ClockUser
from foundation.contracts.bridge import Command, CommandKind, Template, TemplateName

Renderer = Callable[[Command, Capabilities], str]


def text_of_command(queued: Command, family: Family, unit: Capabilities) -> str:
    """One command. Raises `ValueError` for what no clock takes, `NotForThisUnit` for what this one cannot take."""
    return RENDERERS[family][queued.kind](queued, unit)


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


def _count_everything(queued: Command, unit: Capabilities) -> str:
    if queued.since or queued.until:
        raise NotForThisUnit(NOT_SUPPORTED, "Access units count their whole log only")
    return access_renderer.COUNT_PUNCHES


ATTENDANCE: Mapping[CommandKind, Renderer] = {
    CommandKind.USER_UPDATE: lambda queued, unit: renderer.user_update(_person(queued)),
    CommandKind.USER_DELETE: lambda queued, unit: renderer.user_delete(_person(queued).pin),
    CommandKind.USER_QUERY: lambda queued, unit: renderer.query_user(queued.pin),
    CommandKind.TEMPLATE_UPDATE: lambda queued, unit: template_renderer.update(_template(queued), unit),
    CommandKind.TEMPLATE_DELETE: lambda queued, unit: template_renderer.delete(_target(queued), unit),
    CommandKind.TEMPLATE_QUERY: lambda queued, unit: template_renderer.query(_target(queued), unit),
    CommandKind.ENROLL: lambda queued, unit: template_renderer.enroll(
        _target(queued), unit, overwrite=queued.overwrite
    ),
    CommandKind.CHECK: lambda queued, unit: renderer.CHECK,
    CommandKind.INFO: lambda queued, unit: renderer.INFO,
    CommandKind.QUERY_PUNCHES: lambda queued, unit: renderer.query_punches(queued.since, queued.until),
    CommandKind.VERIFY_PUNCHES: lambda queued, unit: renderer.verify_punches(queued.since, queued.until),
    CommandKind.CLEAR_LOG: lambda queued, unit: renderer.CLEAR_LOG,
    CommandKind.REBOOT: lambda queued, unit: renderer.REBOOT,
}

ACCESS: Mapping[CommandKind, Renderer] = {
    CommandKind.USER_UPDATE: lambda queued, unit: access_renderer.user_update(_person(queued)),
    CommandKind.USER_DELETE: lambda queued, unit: access_renderer.user_delete(_person(queued).pin),
    CommandKind.USER_QUERY: lambda queued, unit: access_renderer.query_user(queued.pin),
    CommandKind.TEMPLATE_UPDATE: lambda queued, unit: template_renderer.access_update(_template(queued), unit),
    CommandKind.TEMPLATE_DELETE: lambda queued, unit: template_renderer.access_delete(_target(queued), unit),
    CommandKind.TEMPLATE_QUERY: lambda queued, unit: template_renderer.access_query(_target(queued), unit),
    CommandKind.ENROLL: lambda queued, unit: template_renderer.enroll(
        _target(queued), unit, overwrite=queued.overwrite
    ),
    CommandKind.CHECK: lambda queued, unit: access_renderer.NEW_PUNCHES,
    CommandKind.INFO: lambda queued, unit: access_renderer.INFO,
    CommandKind.QUERY_PUNCHES: lambda queued, unit: access_renderer.query_punches(queued.since, queued.until),
    CommandKind.VERIFY_PUNCHES: _count_everything,
    CommandKind.CLEAR_LOG: lambda queued, unit: access_renderer.CLEAR_LOG,
    CommandKind.REBOOT: lambda queued, unit: access_renderer.REBOOT,
}

RENDERERS: Mapping[Family, Mapping[CommandKind, Renderer]] = {Family.ATTENDANCE: ATTENDANCE, Family.ACCESS: ACCESS}

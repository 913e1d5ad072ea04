"""Handing queued commands to a push clock in the protocol that it speaks, and its answers back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from device_bridge.backend import Backend
from device_bridge.errors import BackendRefused, BackendUnavailable
from device_bridge.iclock import access_renderer, renderer
from device_bridge.iclock.captures import started, step_of
from device_bridge.iclock.command_texts import text_of_command
from device_bridge.iclock.parser import Outcome
from device_bridge.iclock.template_renderer import NotForThisUnit
from device_bridge.iclock.units import Units
from device_bridge.iclock.zones import PREFIX
from device_bridge.quirks import Family
from foundation.contracts.bridge import (
    CommandKind,
    CommandLease,
    CommandResult,
    CommandResults,
    Contact,
    ContactKind,
    EnrolmentStep,
)
from foundation.logs import get_logger

PARAMETER_ERROR = -1
LARGEST_ANSWER = 400_000
"""Characters of templates in one answer: clocks are small. What does not fit comes when its lease has run out."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One clock at the door: who, from where, when, and in which protocol."""

    serial: str
    source_address: str
    at: datetime
    family: Family


async def lines_for(backend: Backend, units: Units, visit: Visit, info: dict[str, str]) -> str:
    """The answer to a poll: the next commands, or ``OK``.

    A command that cannot be said to a clock is answered to the back end as failed, instead of being leased for ever.
    """
    serial, access = visit.serial, visit.family is Family.ACCESS
    leased = await backend.lease(
        CommandLease(serial=serial, source_address=visit.source_address, at=visit.at, info=info)
    )
    units.capabilities.note(serial, info)
    unit = units.capabilities.of(serial)
    lines: list[str] = []
    failed: list[Outcome] = []
    steps: list[EnrolmentStep] = []
    if access:
        lines += [renderer.command(name, access_renderer.user_grant(pin)) for name, pin in units.grants.due(serial)]
    length = 0
    for queued in leased.commands:
        try:
            line = renderer.command(queued.id, text_of_command(queued, visit.family, unit))
            if queued.kind is CommandKind.TEMPLATE_UPDATE:
                length += len(line)
                if length > LARGEST_ANSWER and length > len(line):
                    continue
            if access and queued.kind is CommandKind.USER_UPDATE and queued.user is not None:
                units.grants.begin(serial, queued.id, queued.user.pin)
            lines.append(line)
            if queued.kind is CommandKind.ENROLL and units.captures.begin(serial, queued.id):
                steps.append(started(serial, queued.id, visit.at))
        except NotForThisUnit as error:
            failed.append(Outcome(queued.id, error.code, str(error)))
        except ValueError as error:
            failed.append(Outcome(queued.id, PARAMETER_ERROR, str(error)))
    if not access and (identifier := units.zones.due(serial)) is not None:
        # Last, because some firmware reads only the first line, and some commands are said only once.
        lines.append(renderer.command(identifier, renderer.CHECK))
    if failed:
        captures = {queued.id for queued in leased.commands if queued.kind is CommandKind.ENROLL}
        steps += [step_of(serial, each.id, each.code, visit.at) for each in failed if each.id in captures]
        await _tell(backend, visit, failed)
    await _report_steps(backend, steps)
    return "\n".join(lines) + "\n" if lines else "OK\n"


async def report(backend: Backend, units: Units, visit: Visit, outcomes: list[Outcome]) -> None:
    """Pass on what a clock answered."""
    outcomes = [outcome for outcome in outcomes if not outcome.id.startswith(PREFIX)]
    if visit.family is Family.ACCESS:
        outcomes = units.grants.settle(visit.serial, [_counted(outcome) for outcome in outcomes])
    if not outcomes:
        await backend.contact(
            Contact(
                serial=visit.serial,
                kind=ContactKind.COMMAND,
                source_address=visit.source_address,
                at=visit.at,
                info={},
            )
        )
        return
    await _tell(backend, visit, outcomes)
    await _report_steps(backend, _steps(units, visit, outcomes))


def _steps(units: Units, visit: Visit, outcomes: list[Outcome]) -> list[EnrolmentStep]:
    steps = (units.captures.answered(visit.serial, outcome, visit.at) for outcome in outcomes)
    return [step for step in steps if step is not None]


async def _report_steps(backend: Backend, steps: list[EnrolmentStep]) -> None:
    """Steps are for people who watch; the command's own result has been stored, whatever becomes of them."""
    for step in steps:
        try:
            await backend.capture_step(step)
        except (BackendUnavailable, BackendRefused) as error:
            get_logger().warning("capture.step_not_taken", serial=step.serial, step=step.step, reason=str(error))


async def _tell(backend: Backend, visit: Visit, outcomes: list[Outcome]) -> None:
    results = [CommandResult(id=item.id, code=item.code, text=item.text[:512], count=item.count) for item in outcomes]
    await backend.results(
        CommandResults(serial=visit.serial, source_address=visit.source_address, at=visit.at, results=results)
    )


def _counted(outcome: Outcome) -> Outcome:
    """Access units answer a DATA command with how many rows it was about; that is success too."""
    if outcome.code > 0 and outcome.text.upper().startswith("DATA"):
        return Outcome(outcome.id, 0, f"{outcome.text} ({outcome.code} rows)", outcome.count)
    return outcome

"""``/internal/bridge``: the API of the device bridge (contract: `foundation.contracts.bridge`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import offset_minutes
from foundation.contracts.bridge import (
    BatchResult,
    CommandBatch,
    CommandLease,
    CommandResults,
    Contact,
    DeviceDecision,
    EnrolmentStep,
    PunchBatch,
    TemplateBatch,
    TemplateDemand,
    TemplateReport,
    TerminalList,
    TerminalReport,
    UserBatch,
    WantedTemplates,
)
from foundation.database import Database, after_commit
from foundation.sign_in.principal import ServiceToken
from tenant_stack.access.dependencies import Settings, Transaction, Worker
from tenant_stack.biometrics import capture_events, captures, delivery, intake
from tenant_stack.biometrics.template_encryption import TemplateCipher
from tenant_stack.devices.admission import Admitted, DeviceRefused, admit, record_sighting
from tenant_stack.devices.comm_keys import Keys
from tenant_stack.devices.commands import queue
from tenant_stack.devices.contacts import push_family, touch
from tenant_stack.internal.command_results import record_command_results
from tenant_stack.people.enrollments import pull_reports
from tenant_stack.people.enrollments.confirmations import poll_seconds
from tenant_stack.people.enrollments.pull_list import terminal_list
from tenant_stack.people.enrollments.reported_users import take_users
from tenant_stack.punches.intake import Intake
from tenant_stack.settings import TenantSettings
from tenant_stack.tables.devices import Device

Answer = TypeVar("Answer")


def bridge_router() -> APIRouter:
    router = APIRouter(
        prefix="/internal/bridge", tags=["internal"], dependencies=[Depends(ServiceToken("bridge_token"))]
    )
    router.add_api_route("/contacts", take_contact, methods=["POST"])
    router.add_api_route("/punches", take_punches, methods=["POST"])
    router.add_api_route("/users", take_reported_users, methods=["POST"])
    router.add_api_route("/templates", take_reported_templates, methods=["POST"])
    router.add_api_route("/templates/wanted", list_wanted_templates, methods=["POST"])
    router.add_api_route("/templates/seen", take_template_report, methods=["POST"], status_code=204)
    router.add_api_route("/enrolments/step", take_enrolment_step, methods=["POST"], status_code=204)
    router.add_api_route("/commands/lease", lease_commands, methods=["POST"])
    router.add_api_route("/commands/results", take_command_results, methods=["POST"], status_code=204)
    router.add_api_route("/terminals", list_terminals, methods=["GET"])
    router.add_api_route("/terminals/seen", take_terminal_report, methods=["POST"], status_code=204)
    return router


async def _for_device(
    request: Request,
    serial: str,
    kind: str,
    address: str,
    work: Callable[[AsyncSession, Admitted], Awaitable[Answer]],
) -> Answer:
    """Run ``work`` for an approved device in one transaction; record an unknown serial in another, then refuse it."""
    database: Database = request.app.state.database
    settings: TenantSettings = request.app.state.settings
    try:
        async with database.transaction() as session:
            return await work(session, await admit(session, serial))
    except DeviceRefused:
        await record_sighting(database, serial, address=address, kind=kind, zone=settings.zone)
        raise


async def take_contact(contact: Contact, request: Request, settings: Settings) -> DeviceDecision:
    """A push device made contact; returns whether it is admitted, and its time zone."""

    async def work(session: AsyncSession, device: Admitted) -> DeviceDecision:
        await touch(
            session, device.id, contact.kind.value, contact.at, address=contact.source_address, info=contact.info
        )
        return DeviceDecision(
            serial=contact.serial,
            device_id=str(device.id),
            zone=device.zone,
            utc_offset_minutes=offset_minutes(device.zone),
            poll_seconds=await poll_seconds(session, device.id, settings.poll_seconds),
            device_type=await push_family(session, device.id),
        )

    return await _for_device(request, contact.serial, contact.kind.value, contact.source_address, work)


async def take_punches(batch: PunchBatch, request: Request) -> BatchResult:
    """Store punches; they are committed when the response is sent."""
    intake: Intake = request.app.state.intake
    return await intake.receive(batch)


async def take_reported_users(batch: UserBatch, request: Request, hints: Worker) -> BatchResult:
    """Store the users that a device reported."""

    async def work(session: AsyncSession, device: Admitted) -> BatchResult:
        after_commit(session, hints.drain)
        return await take_users(session, device.id, batch, hints.plan)

    return await _for_device(request, batch.serial, "upload", "", work)


async def take_reported_templates(batch: TemplateBatch, request: Request, hints: Worker) -> BatchResult:
    """Store the templates that a device reported, encrypted."""
    changed: list[UUID] = []

    async def work(session: AsyncSession, device: Admitted) -> BatchResult:
        clock = await session.get_one(Device, device.id)
        result = await intake.store_reported_templates(session, request.app.state.template_cipher, clock, batch)
        changed.extend(await captures.record_arrivals(session, device.id))
        after_commit(session, hints.refresh_terminals)
        return result

    result = await _for_device(request, batch.serial, "upload", batch.source_address, work)
    await capture_events.publish_captures(request.app.state.valkey, changed)
    return result


async def list_wanted_templates(demand: TemplateDemand, request: Request) -> WantedTemplates:
    """Templates that a pull device lacks, and those to remove."""

    async def work(session: AsyncSession, device: Admitted) -> WantedTemplates:
        return await delivery.list_wanted_templates(session, request.app.state.template_cipher, device.id, demand)

    return await _for_device(request, demand.serial, "pull", "", work)


async def take_template_report(report: TemplateReport, request: Request) -> Response:
    """Templates that a pull device was confirmed to hold, by read-back."""

    async def work(session: AsyncSession, device: Admitted) -> Response:
        await delivery.record_template_report(session, device.id, report)
        return Response(status_code=204)

    return await _for_device(request, report.serial, "pull", "", work)


async def take_enrolment_step(step: EnrolmentStep, request: Request) -> Response:
    """Record the progress of a capture."""

    async def work(session: AsyncSession, device: Admitted) -> UUID | None:
        return await captures.record_progress(session, device.id, step)

    changed = await _for_device(request, step.serial, "command", "", work)
    await capture_events.publish_captures(request.app.state.valkey, [changed] if changed else [])
    return Response(status_code=204)


async def lease_commands(lease: CommandLease, request: Request) -> CommandBatch:
    """The next commands for a push device that polls."""

    async def work(session: AsyncSession, device: Admitted) -> CommandBatch:
        await touch(session, device.id, "poll", lease.at, address=lease.source_address, info=lease.info)
        leased = await queue.lease(
            session, device.id, most=lease.limit, seconds=lease.lease_seconds, source_address=lease.source_address
        )
        # Templates are decrypted here, when the device fetches them.
        cipher: TemplateCipher = request.app.state.template_cipher
        return CommandBatch(commands=await delivery.fill_commands(session, cipher, device.id, leased))

    return await _for_device(request, lease.serial, "poll", lease.source_address, work)


async def take_command_results(results: CommandResults, request: Request) -> Response:
    """Results of commands of a push device."""

    async def work(session: AsyncSession, device: Admitted) -> list[UUID]:
        await touch(session, device.id, "command", results.at, address=results.source_address, info={})
        return await record_command_results(session, device.id, results.results)

    changed = await _for_device(request, results.serial, "command", results.source_address, work)
    await capture_events.publish_captures(request.app.state.valkey, changed)
    return Response(status_code=204)


async def list_terminals(session: Transaction, keys: Keys) -> TerminalList:
    """The approved pull devices and the people wanted on them."""
    return await delivery.add_template_counts(session, await terminal_list(session, await keys.of_terminals(session)))


async def take_terminal_report(report: TerminalReport, session: Transaction) -> Response:
    """The bridge reached a pull device, or could not."""
    await pull_reports.take_terminal_report(session, report)
    return Response(status_code=204)

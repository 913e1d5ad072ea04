"""``/internal/bridge``: what the device bridge tells and asks (contract: `foundation.contracts.bridge`)."""

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
from tenant_stack.biometrics.template_encryption import Sealer
from tenant_stack.devices.admission import Admitted, DeviceRefused, admit, record_sighting
from tenant_stack.devices.comm_keys import Keys
from tenant_stack.devices.commands import queue
from tenant_stack.devices.contacts import push_family, touch
from tenant_stack.internal.command_results import settle_answers
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


async def _with_device(
    request: Request,
    serial: str,
    kind: str,
    address: str,
    work: Callable[[AsyncSession, Admitted], Awaitable[Answer]],
) -> Answer:
    """Work for an approved device in one transaction; a refused serial is remembered in another, then refused."""
    database: Database = request.app.state.database
    settings: TenantSettings = request.app.state.settings
    try:
        async with database.transaction() as session:
            return await work(session, await admit(session, serial))
    except DeviceRefused:
        await record_sighting(database, serial, address=address, kind=kind, zone=settings.zone)
        raise


async def take_contact(contact: Contact, request: Request, settings: Settings) -> DeviceDecision:
    """A push clock made contact: may it speak, and what time zone is it in?"""

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

    return await _with_device(request, contact.serial, contact.kind.value, contact.source_address, work)


async def take_punches(batch: PunchBatch, request: Request) -> BatchResult:
    """Store punches; they are committed when this answers."""
    intake: Intake = request.app.state.intake
    return await intake.receive(batch)


async def take_reported_users(batch: UserBatch, request: Request, hints: Worker) -> BatchResult:
    """Keep the users that a clock reported."""

    async def work(session: AsyncSession, device: Admitted) -> BatchResult:
        after_commit(session, hints.drain)
        return await take_users(session, device.id, batch, hints.plan)

    return await _with_device(request, batch.serial, "upload", "", work)


async def take_reported_templates(batch: TemplateBatch, request: Request, hints: Worker) -> BatchResult:
    """Keep the templates that a clock reported, encrypted before they are stored."""
    told: list[UUID] = []

    async def work(session: AsyncSession, device: Admitted) -> BatchResult:
        clock = await session.get_one(Device, device.id)
        result = await intake.take_templates(session, request.app.state.sealer, clock, batch)
        told.extend(await captures.arrived(session, device.id))
        after_commit(session, hints.refresh_terminals)
        return result

    result = await _with_device(request, batch.serial, "upload", batch.source_address, work)
    await capture_events.publish_enrolments(request.app.state.valkey, told)
    return result


async def list_wanted_templates(demand: TemplateDemand, request: Request) -> WantedTemplates:
    """What a pull clock still lacks, and what must go from it."""

    async def work(session: AsyncSession, device: Admitted) -> WantedTemplates:
        return await delivery.wanted(session, request.app.state.sealer, device.id, demand)

    return await _with_device(request, demand.serial, "pull", "", work)


async def take_template_report(report: TemplateReport, request: Request) -> Response:
    """What a pull clock was shown to have, by read-back."""

    async def work(session: AsyncSession, device: Admitted) -> Response:
        await delivery.take_report(session, device.id, report)
        return Response(status_code=204)

    return await _with_device(request, report.serial, "pull", "", work)


async def take_enrolment_step(told: EnrolmentStep, request: Request) -> Response:
    """Progress of an enrolment at a distance."""

    async def work(session: AsyncSession, device: Admitted) -> UUID | None:
        return await captures.take_step(session, device.id, told)

    moved = await _with_device(request, told.serial, "command", "", work)
    await capture_events.publish_enrolments(request.app.state.valkey, [moved] if moved else [])
    return Response(status_code=204)


async def lease_commands(lease: CommandLease, request: Request) -> CommandBatch:
    """The next commands for a push clock that polls."""

    async def work(session: AsyncSession, device: Admitted) -> CommandBatch:
        await touch(session, device.id, "poll", lease.at, address=lease.source_address, info=lease.info)
        leased = await queue.lease(
            session, device.id, most=lease.limit, seconds=lease.lease_seconds, source_address=lease.source_address
        )
        # Templates are filled in here, where the clock fetches them; without its bytes a template is not sent.
        sealer: Sealer = request.app.state.sealer
        return CommandBatch(commands=await delivery.fill(session, sealer, device.id, leased))

    return await _with_device(request, lease.serial, "poll", lease.source_address, work)


async def take_command_results(results: CommandResults, request: Request) -> Response:
    """What a push clock answered to commands."""

    async def work(session: AsyncSession, device: Admitted) -> list[UUID]:
        await touch(session, device.id, "command", results.at, address=results.source_address, info={})
        return await settle_answers(session, device.id, results.results)

    moved = await _with_device(request, results.serial, "command", results.source_address, work)
    await capture_events.publish_enrolments(request.app.state.valkey, moved)
    return Response(status_code=204)


async def list_terminals(session: Transaction, keys: Keys) -> TerminalList:
    """The approved pull clocks and whom we want on them."""
    return await delivery.with_templates(session, await terminal_list(session, await keys.of_terminals(session)))


async def take_terminal_report(report: TerminalReport, session: Transaction) -> Response:
    """The bridge spoke with a pull clock, or could not."""
    await pull_reports.take_terminal_report(session, report)
    return Response(status_code=204)

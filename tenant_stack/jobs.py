"""Jobs and schedules of an organisation's worker. Importing it connects to nothing; a job's arguments are ids only."""

from __future__ import annotations

from uuid import UUID

from foundation.jobs import JobRegistry
from tenant_stack.access.idempotency import delete_expired_responses
from tenant_stack.access.invitations import mail_invitations
from tenant_stack.attendance.expected_days import mark_expected
from tenant_stack.audit.tasks import seal_waiting
from tenant_stack.biometrics import tasks as biometric_tasks
from tenant_stack.devices import tasks
from tenant_stack.devices.claims import Claimer
from tenant_stack.devices.commands.action_runner import carry_out, waiting_actions
from tenant_stack.devices.commands.queue import give_up_on_once
from tenant_stack.devices.completeness import due_checks
from tenant_stack.devices.syncs import due_syncs
from tenant_stack.payroll.tasks import make_batches
from tenant_stack.people.enrollments.punch_owners import match_unknown
from tenant_stack.people.groups import tasks as group_tasks
from tenant_stack.punches.partitions import months_ahead
from tenant_stack.reports.tasks import tend
from tenant_stack.worker import SYNC_TIMEOUT_SECONDS, WorkerContext

registry = JobRegistry()


@registry.job("outbox.drain", max_retries=0)
async def drain_outbox(context: WorkerContext) -> None:
    """An event that pages wait for was committed."""
    context.work()


@registry.job("attendance.process", max_retries=0)
async def process_attendance(context: WorkerContext) -> None:
    """Staff-days were marked as pending."""
    context.work()


registry.job("terminals.refresh", max_retries=0)(tasks.refresh_terminals)


# No retries by the queue: the row stores when the next attempt is due.
@registry.job("device.sync", queue="devices", max_retries=0, time_limit=SYNC_TIMEOUT_SECONDS + 30)
async def sync_device(context: WorkerContext, sync_id: str) -> None:
    """A synchronisation was requested, or is due again."""
    await tasks.run_sync(context, UUID(sync_id))


@registry.every("outbox.drain", 1.0)
async def drain_anyway(context: WorkerContext) -> None:
    """Messages get lost; the state in the database does not."""
    context.work()


@registry.every("device.syncs_due", 1.0)
async def send_due_syncs(context: WorkerContext) -> None:
    """Queue the synchronisations that are due and not running."""
    async with context.database.transaction() as session:
        due = await due_syncs(session)
    for sync_id in due:
        await context.queue.send("device.sync", sync_id=str(sync_id))


@registry.job("device.act", queue="devices", max_retries=0, time_limit=90)
async def act_on_device(context: WorkerContext, command_id: str) -> None:
    """An action was requested of a pull device."""
    await carry_out(context, int(command_id))


@registry.every("device.actions_waiting", 1.0)
async def send_waiting_actions(context: WorkerContext) -> None:
    """Queue requested actions that nobody has started."""
    for command_id in await waiting_actions(context):
        await context.queue.send("device.act", command_id=str(command_id))


claimer = Claimer()


@registry.every("devices.claims", 10.0)
async def reconcile_claims(context: WorkerContext) -> None:
    """Reconcile the platform's claims of serials with our devices."""
    await claimer.settle(context.database, context.settings)


@registry.every("devices.compare", 20.0)
async def compare_clocks(context: WorkerContext) -> None:
    """Ask the push devices that are due for their punch counts; fail commands that are sent once."""
    async with context.database.transaction() as session:
        await due_checks(session)
        await give_up_on_once(session)


@registry.every("partitions.ahead", 3600.0)
async def create_partitions(context: WorkerContext) -> None:
    """Create the partitions of the coming months before the first punch needs them."""
    await context.months.create(months_ahead())


@registry.every("invitations.mail", 2.0)
async def mail_waiting_invitations(context: WorkerContext) -> None:
    """Mail the links of new invitations."""
    await mail_invitations(context.database, context.settings, context.vault)


@registry.every("idempotency.forget", 3600.0)
async def forget_answers(context: WorkerContext) -> None:
    """Stored responses to machines are kept for a day."""
    async with context.database.transaction() as session:
        await delete_expired_responses(session)


@registry.every("attendance.expected", 60.0)
async def mark_expected_people(context: WorkerContext) -> None:
    """Find people who are expected and have not arrived."""
    await _mark_expected(context, back=1)


@registry.every("attendance.expected_before", 3600.0)
async def mark_expected_before(context: WorkerContext) -> None:
    """Check the days before again: a device that was offline may have reported."""
    await _mark_expected(context, back=14)


async def _mark_expected(context: WorkerContext, *, back: int) -> None:
    async with context.database.transaction() as session:
        marked = await mark_expected(session, context.settings.zone, back=back)
    if marked:
        context.work()


@registry.job("report.write", max_retries=0)
async def write_reports(context: WorkerContext) -> None:
    """A report was requested."""
    context.reports()


@registry.every("punches.match_unknown", 60.0)
async def match_unknown_punches(context: WorkerContext) -> None:
    """Look again for the owners of unknown PINs."""
    async with context.database.transaction() as session:
        found = await match_unknown(session)
    if found:
        context.work()


# It runs until nothing is left, which takes minutes when 1,000 people are first assigned to 100 devices.
registry.job("clocks.plan", max_retries=0, time_limit=300.0)(group_tasks.plan_clocks)


@registry.every("clocks.plan", 30.0)
async def plan_clocks_anyway(context: WorkerContext) -> None:
    """Find what no message announced: a device that lost people, a change made at a device."""
    await group_tasks.plan_clocks(context)
    await group_tasks.give_up(context)


# It waits for a person at a clock; the session's own time limit ends it.
@registry.job("capture.start", queue="devices", max_retries=0, time_limit=420.0)
async def start_capture(context: WorkerContext, session_id: str) -> None:
    """A person stands at a pull device to give a finger."""
    await biometric_tasks.start_pull_capture(context, UUID(session_id))


@registry.job("capture.cancel", queue="devices", max_retries=0)
async def cancel_capture(context: WorkerContext, session_id: str) -> None:
    """The capture was cancelled in the portal."""
    await biometric_tasks.cancel_pull_capture(context, UUID(session_id))


@registry.every("webhooks.send", 1.0)
async def send_webhooks(context: WorkerContext) -> None:
    """Send the deliveries that are due; a round waits for its slowest, five seconds at most."""
    await context.webhooks.send_due()


for name, seconds, function in (
    ("devices.announce", 2.0, tasks.announce_changes),
    ("devices.seal_keys", 60.0, tasks.seal_comm_keys),
    ("alerts.watch", 10.0, tasks.watch_clocks),
    ("audit.seal", 2.0, seal_waiting),
    ("reports.tend", 2.0, tend),
    ("captures.update", 2.0, biometric_tasks.update_captures),
    ("biometrics.distribute", 20.0, biometric_tasks.distribute_templates),
    ("biometrics.maintain", 600.0, biometric_tasks.maintain_templates),
    ("biometrics.verify", 86_400.0, biometric_tasks.verify_templates),
    ("payroll.batches", 2.0, make_batches),
):
    registry.every(name, seconds)(function)

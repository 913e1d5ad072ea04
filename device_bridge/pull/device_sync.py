"""What is on one pull clock, compared with what the back end has: counts, log, people, fingers.

Live events are only a hint: counts are compared at every contact, and the log is read whenever they have moved. The
clock is the spool, so whatever could not be handed over is simply read again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from pyzk2 import const

from device_bridge.backend import Backend
from device_bridge.errors import BackendRefused, BackendUnavailable, CommandRefused, TerminalError
from device_bridge.messages import punch_batches, whole_user_list
from device_bridge.pull.clock_counts import read_counts
from device_bridge.pull.conversation import Conversation
from device_bridge.pull.fingerprints import Fingerprints
from device_bridge.pull.wanted_people import RETRY_SECONDS, WantedPeople
from device_bridge.records import Counts, DeviceInfo, LoggedPunch
from device_bridge.terminal.capture import FINGER_STORED
from device_bridge.terminal.logs import decode_live
from device_bridge.terminal.session import LiveEvent
from device_bridge.terminal.users import UserTable
from foundation.clock import utc_now
from foundation.contracts.bridge import BatchSource, SyncSummary, Terminal, TerminalReport, TerminalState
from foundation.logs import get_logger

BACKEND_RETRY_SECONDS = 60.0
BLIND_SURVEYS = 20
"""A clock whose count proves nothing (not told, or log full) has its log read every so many surveys."""


class DeviceSync:
    """What we know of one clock's content. `begin` with each connection; then `survey` and `deliver` on it.

    ``stored_records`` is how many records of the clock's log are known to be with the back end; `None` until we know.
    """

    def __init__(self, terminal: Terminal, backend: Backend) -> None:
        self.terminal = terminal
        self._backend = backend
        self.stored_records: int | None = None
        self._conversation: Conversation | None = None
        self._state: TerminalState | None = None
        self._wanted_people = WantedPeople()
        self._wanted_people.set(terminal)
        self._fingerprints = Fingerprints(terminal.serial, backend)
        self._fingers_after = 0.0
        self._offset: int | None = None
        self._info: DeviceInfo | None = None
        self._table: UserTable | None = None
        self._users_told: UserTable | None = None
        self._blind = 0

    def update(self, terminal: Terminal) -> bool:
        """Take over a newer entry of the list; whether it wants something else than before."""
        old, self.terminal = self.terminal, terminal
        if terminal.stored_punches < old.stored_punches:
            # The back end has lost some of what we gave it, by a restore for instance: the count proves nothing now.
            self.stored_records = None
        self._wanted_people.set(terminal)
        return _wanted_of(terminal) != _wanted_of(old)

    def begin(self, conversation: Conversation, info: DeviceInfo) -> None:
        """A new connection: slots may have changed hands since the last one."""
        self._conversation, self._info, self._table = conversation, info, None

    def lost(self, error: TerminalError) -> None:
        """The connection is gone. Logged once, not at each attempt."""
        if self._state is not error.state:
            get_logger().warning("terminal.lost", serial=self.terminal.serial, state=error.state, reason=str(error))
        self._state = error.state

    def fingers_changed(self) -> None:
        """Somebody's finger was taken: the next survey tells the back end what is on the clock."""
        self._fingerprints.forget()

    async def people(self, having: str | None) -> UserTable:
        """Who is on the clock, read again unless the person with that PIN is known to be there."""
        conversation, table = self._open(), self._table
        if table is None or (having is not None and having not in table.users):
            counts = await conversation.run(conversation.client.counts)
            table = self._table = await conversation.run(lambda: conversation.client.users(counts))
        return table

    def _open(self) -> Conversation:
        assert self._conversation is not None, "begin() came first"
        return self._conversation

    async def sync(self, *, asked: bool, full: bool = False) -> SyncSummary:
        """Compare counts, read what moved, hand it over, write the people who are wanted, and report."""
        began = utc_now()
        conversation = self._open()
        client = conversation.client
        counts, self._offset = await conversation.run(lambda: read_counts(client, self.terminal.zone))
        table = self._table
        if table is None or asked or self._wanted_people.due() or counts.users != len(table.users):
            table = self._table = await conversation.run(lambda: client.users(counts))
        received = stored = duplicate = quarantined = 0
        records = counts.punches or 0
        log_read = full or self._log_moved(counts, asked)
        if log_read:
            known = table
            log = await conversation.run(lambda: client.log(counts, known))
            records = log.records
            for batch in punch_batches(
                self.terminal.serial,
                BatchSource.PULL,
                utc_now(),
                log.punches,
                log.rejected,
                source_address=self.terminal.address,
                clock_offset_seconds=self._offset,
            ):
                result = await self._backend.punches(batch)
                received += result.received
                stored += result.stored
                duplicate += result.duplicate
                quarantined += result.quarantined
        self.stored_records = records
        await self._tell_users(table, began, asked=asked)
        written, removed, problems = await self._grant(counts, table)
        if full:
            self._fingerprints.forget()
        await self._report_online(counts, written, removed, problems)
        # Fingers come last: their people are on the clock and known to be there by now.
        await self._exchange_fingers(counts)
        return SyncSummary(
            serial=self.terminal.serial,
            device_records=records,
            received=received,
            stored=stored,
            duplicate=duplicate,
            quarantined=quarantined,
            users_read=len(table.users),
            users_written=len(written),
            log_read=log_read,
        )

    def _log_moved(self, counts: Counts, asked: bool) -> bool:
        if counts.punches is None or (counts.punches and counts.details.get("punches_free") == 0):
            self._blind += 1
            return asked or self._blind % BLIND_SURVEYS == 1
        stored_records = self.terminal.stored_punches if self.stored_records is None else self.stored_records
        return counts.punches not in (0, stored_records)

    async def _tell_users(self, table: UserTable, at: datetime, *, asked: bool) -> None:
        """Send the whole list when it changed. An empty list is never sent: it may be a failure of the firmware."""
        if table.users and (asked or table != self._users_told):
            people = [stored.user for stored in table.users.values()]
            await self._backend.users(whole_user_list(self.terminal.serial, at, people, table.rejected))
            self._users_told = table

    async def _grant(self, counts: Counts, table: UserTable) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, str]]:
        if not self._wanted_people.due():
            return (), (), {}
        conversation = self._open()
        wanted, remove = self._wanted_people.take()
        try:
            outcome = await conversation.run(lambda: conversation.client.write_users(counts, table, wanted, remove))
        except TerminalError:
            self._wanted_people.set(self.terminal)
            raise
        self._table = outcome.table
        self._wanted_people.refused(outcome.problems)
        await self._tell_users(outcome.table, utc_now(), asked=False)
        return outcome.written, outcome.removed, outcome.problems

    async def _exchange_fingers(self, counts: Counts) -> None:
        table, conversation = self._table, self._open()
        if table is None or time.monotonic() < self._fingers_after:
            return
        try:
            if self._fingerprints.to_tell(self.terminal, counts, table):
                reason = await self._fingerprints.tell(conversation, self.terminal, self._info, counts, table)
                if reason:
                    get_logger().info("terminal.fingers_not_read", serial=self.terminal.serial, reason=reason)
            if self.terminal.templates_due:
                await self._fingerprints.fit(conversation, self._info, counts, table)
                # Done: as many in the next list are others, and are asked for at once.
                self.terminal = self.terminal.model_copy(update={"templates_due": 0})
        except (BackendUnavailable, BackendRefused) as error:
            # The punches are stored: that fingers cannot be (a sealed key store, say) is no failure of the reading.
            self._fingers_after = time.monotonic() + BACKEND_RETRY_SECONDS
            get_logger().warning("terminal.fingers_not_handed_over", serial=self.terminal.serial, reason=str(error))
        except TerminalError as error:
            # Punches come first: a clock that fails over its fingers is not asked for them at every contact.
            self._fingers_after = time.monotonic() + RETRY_SECONDS
            get_logger().warning("terminal.fingers_failed", serial=self.terminal.serial, reason=str(error))
            if not isinstance(error, CommandRefused):
                raise

    async def deliver(self, events: Sequence[LiveEvent]) -> bool:
        """Hand live punches over. False when the log has to be read instead: it still holds every one of them."""
        punches: list[LoggedPunch] = []
        readable = True
        for event in events:
            if event.code == FINGER_STORED:
                self._fingerprints.forget()
                readable = False
            if event.code != const.EF_ATTLOG:
                continue
            punch = decode_live(event.data)
            if punch is None:
                readable = False
                get_logger().info("terminal.event_unknown", serial=self.terminal.serial, length=len(event.data))
            else:
                punches.append(punch)
        try:
            for batch in punch_batches(
                self.terminal.serial,
                BatchSource.LIVE,
                utc_now(),
                punches,
                source_address=self.terminal.address,
                clock_offset_seconds=self._offset,
            ):
                result = await self._backend.punches(batch)
                if self.stored_records is not None:
                    self.stored_records += result.stored + result.quarantined
        except (BackendUnavailable, BackendRefused) as error:
            get_logger().warning("terminal.not_handed_over", serial=self.terminal.serial, reason=str(error))
            return False
        return readable

    async def _report_online(
        self, counts: Counts, written: Sequence[str], removed: Sequence[str], problems: dict[str, str]
    ) -> None:
        if self._state is not TerminalState.ONLINE:
            get_logger().info("terminal.online", serial=self.terminal.serial)
            self._state = TerminalState.ONLINE
        await self._backend.terminal_seen(
            TerminalReport(
                serial=self.terminal.serial,
                state=TerminalState.ONLINE,
                at=utc_now(),
                message="; ".join(f"{pin}: {reason}" for pin, reason in problems.items())[:1000],
                clock_offset_seconds=self._offset,
                counts=counts.details,
                info=self._info.details if self._info else {},
                written_pins=list(written),
                removed_pins=list(removed),
                refused_pins=problems,
            )
        )


def _wanted_of(terminal: Terminal) -> tuple[object, ...]:
    return terminal.users, terminal.remove_pins, terminal.templates_due, terminal.read_templates

"""Keeping one pull clock: one long-lived task that holds the clock's only session.

The connection stays open and registered for live events, so a punch reaches the back end within a second. Live events
are only a hint: counts are compared at every contact, and the log is read whenever they have moved. The clock is the
spool, so whatever could not be handed over is simply read again.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from device_bridge.backend import Backend
from device_bridge.errors import BackendRefused, BackendUnavailable, TerminalError
from device_bridge.measure import measure
from device_bridge.messages import punch_batches, whole_user_list
from device_bridge.records import Counts, DeviceInfo, LoggedPunch
from device_bridge.settings import BridgeSettings
from device_bridge.terminal.client import TerminalClient
from device_bridge.terminal.dial import dial, permitted
from device_bridge.terminal.logs import decode_live
from device_bridge.terminal.session import LiveEvent
from device_bridge.terminal.users import UserTable
from device_bridge.terminal.wire import TcpWire, UdpWire
from device_bridge.wishes import Wishes
from foundation.clock import utc_now
from foundation.contracts.bridge import BatchSource, SyncSummary, Terminal, TerminalReport, TerminalState
from foundation.logs import get_logger

Result = TypeVar("Result")
ATTENDANCE = 1
BLIND_SURVEYS = 20
"""A clock whose count proves nothing (not told, or log full) has its log read every so many surveys."""


class TerminalKeeper:
    """The task of one clock: `run` it, `update` it when the back end's list changes, `sync` on request."""

    def __init__(
        self, terminal: Terminal, backend: Backend, settings: BridgeSettings, pool: ThreadPoolExecutor
    ) -> None:
        self.terminal = terminal
        self._backend = backend
        self._settings = settings
        self._pool = pool
        self._wake = asyncio.Event()
        self._requests: list[asyncio.Future[SyncSummary]] = []
        self._state: TerminalState | None = None
        self._wishes = Wishes()
        self._wishes.set(terminal)
        # How many records of the clock's log are known to be with the back end; None until we know.
        self._settled: int | None = None
        self._offset: int | None = None
        self._info: DeviceInfo | None = None
        self._table: UserTable | None = None
        self._users_told: UserTable | None = None
        self._blind = 0
        # Whether this connection, or the last, got as far as a complete survey.
        self._served = False
        self._quiet = True

    # -- what others call -------------------------------------------------------------------------------------------

    def update(self, terminal: Terminal) -> None:
        """Take over a newer entry of the list. A changed address, key or revision asks for a new connection."""
        old, self.terminal = self.terminal, terminal
        if terminal.stored_punches < old.stored_punches:
            # The back end has lost some of what we gave it, by a restore for instance: the count proves nothing now.
            self._settled = None
        self._wishes.set(terminal)
        wishes_changed = (terminal.users, terminal.remove_pins) != (old.users, old.remove_pins)
        if wishes_changed or _connection_of(terminal) != _connection_of(old):
            self._wake.set()

    async def sync(self) -> SyncSummary:
        """Read the clock now, on the open session or a new one. Raises `TerminalError` and the back end's errors."""
        request: asyncio.Future[SyncSummary] = asyncio.get_running_loop().create_future()
        self._requests.append(request)
        self._wake.set()
        return await request

    async def run(self) -> None:
        """Keep the clock until cancelled. One clock's failures stay here, and are logged when they begin and end."""
        failures = 0
        while True:
            try:
                await self._converse()
                failures = 0
            except TerminalError as error:
                failures = 1 if self._served else failures + 1
                self._served = False
                await self._lost(error)
                await self._pause(failures)

    # -- one connection ---------------------------------------------------------------------------------------------

    async def _converse(self) -> None:
        """Connect and stay until the connection's settings change. Raises `TerminalError` when the clock is lost."""
        terminal, settings = self.terminal, self._settings
        self._wake.clear()
        address = permitted(terminal.address, settings.device_networks)
        wire = await dial(address, terminal.port, terminal.transport, settings.connect_timeout)
        client = TerminalClient(
            wire, key=terminal.comm_key, answer_seconds=settings.answer_timeout, encoding=terminal.encoding
        )
        self._table = None
        try:
            await self._blocking(client, lambda: client.connect(terminal.serial), settings.answer_timeout)
            self._info = await self._blocking(client, lambda: client.info(terminal.serial))
            # Before the log is read, so that no punch falls between the log and the first event.
            if not await self._blocking(client, client.register_events):
                get_logger().info("terminal.no_live_events", serial=terminal.serial)
            await self._attend(client, wire, terminal)
        except asyncio.CancelledError:
            await self._goodbye(client)
            raise
        except BaseException:
            client.abort()
            raise
        await self._goodbye(client)

    async def _attend(self, client: TerminalClient, wire: TcpWire | UdpWire, terminal: Terminal) -> None:
        due = 0.0
        troubles = 0
        while _connection_of(self.terminal) == _connection_of(terminal):
            requests, self._requests = self._requests, []
            if requests or self._wishes.due() or time.monotonic() >= due:
                try:
                    summary = await self._survey(client, asked=bool(requests))
                except (BackendUnavailable, BackendRefused) as error:
                    _answer(requests, error)
                    troubles += 1
                    self._trouble(error, troubles)
                    due = time.monotonic() + min(self._settings.poll_interval, self._backoff(troubles))
                except BaseException as error:
                    _answer(requests, error)
                    raise
                else:
                    _answer(requests, summary)
                    troubles = 0
                    due = time.monotonic() + self._settings.poll_interval
            await self._listen(wire, due - time.monotonic())
            events = await self._blocking(client, lambda: client.take_events(0.0 if self._quiet else 0.5))
            if events and not await self._deliver(events):
                due = min(due, time.monotonic() + self._settings.backoff_base)

    async def _listen(self, wire: TcpWire | UdpWire, seconds: float) -> None:
        """Wait in the event loop, holding no thread, until the clock sends something or somebody wants something."""
        loop = asyncio.get_running_loop()
        spoken: asyncio.Future[None] = loop.create_future()
        descriptor = wire.socket.fileno()
        loop.add_reader(descriptor, _note, spoken)
        woken = asyncio.ensure_future(self._wake.wait())
        waited: set[asyncio.Future[Any]] = {spoken, woken}
        try:
            if seconds > 0:
                await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_reader(descriptor)
            woken.cancel()
        self._wake.clear()
        self._quiet = not spoken.done()

    async def _survey(self, client: TerminalClient, *, asked: bool) -> SyncSummary:
        """Compare counts, read what moved, hand it over, write the people who are wanted, and report."""
        began = utc_now()
        counts, self._offset = await self._blocking(client, lambda: measure(client, self.terminal.zone))
        table = self._table
        if table is None or asked or self._wishes.due() or counts.users != len(table.users):
            table = self._table = await self._blocking(client, lambda: client.users(counts))
        received = stored = duplicate = quarantined = 0
        records = counts.punches or 0
        log_read = self._log_moved(counts, asked)
        if log_read:
            known = table
            log = await self._blocking(client, lambda: client.log(counts, known))
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
        self._settled = records
        await self._tell_users(table, began, asked=asked)
        written, removed, problems = await self._grant(client, counts, table)
        await self._report_online(counts, written, removed, problems)
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
        settled = self.terminal.stored_punches if self._settled is None else self._settled
        return counts.punches not in (0, settled)

    async def _tell_users(self, table: UserTable, at: datetime, *, asked: bool) -> None:
        """Send the whole list when it changed. An empty list is never sent: it may be a failure of the firmware."""
        if table.users and (asked or table != self._users_told):
            people = [stored.user for stored in table.users.values()]
            await self._backend.users(whole_user_list(self.terminal.serial, at, people, table.rejected))
            self._users_told = table

    async def _grant(
        self, client: TerminalClient, counts: Counts, table: UserTable
    ) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, str]]:
        if not self._wishes.due():
            return (), (), {}
        wanted, remove = self._wishes.take()
        try:
            outcome = await self._blocking(client, lambda: client.write_users(counts, table, wanted, remove))
        except TerminalError:
            self._wishes.set(self.terminal)
            raise
        self._table = outcome.table
        self._wishes.refused(outcome.problems)
        await self._tell_users(outcome.table, utc_now(), asked=False)
        return outcome.written, outcome.removed, outcome.problems

    async def _deliver(self, events: Sequence[LiveEvent]) -> bool:
        """Hand live punches over. False when the log has to be read instead: it still holds every one of them."""
        punches: list[LoggedPunch] = []
        readable = True
        for event in events:
            if not event.code & ATTENDANCE:
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
                if self._settled is not None:
                    self._settled += result.stored + result.quarantined
        except (BackendUnavailable, BackendRefused) as error:
            self._trouble(error, 1)
            return False
        return readable

    # -- small change -----------------------------------------------------------------------------------------------

    async def _blocking(
        self, client: TerminalClient, call: Callable[[], Result], seconds: float | None = None
    ) -> Result:
        """Run a conversation in a thread of the bounded pool; when we are cancelled, it is cut off, not abandoned."""

        def conversation() -> Result:
            client.begin(seconds or self._settings.conversation_deadline)
            return call()

        running = asyncio.get_running_loop().run_in_executor(self._pool, conversation)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            client.abort()
            with suppress(TerminalError):
                await running
            raise

    async def _goodbye(self, client: TerminalClient) -> None:
        with suppress(TerminalError):
            await self._blocking(client, client.close, 1.0)

    async def _report_online(
        self, counts: Counts, written: Sequence[str], removed: Sequence[str], problems: dict[str, str]
    ) -> None:
        self._served = True
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
            )
        )

    async def _lost(self, error: TerminalError) -> None:
        requests, self._requests = self._requests, []
        _answer(requests, error)
        if self._state is not error.state:
            get_logger().warning("terminal.lost", serial=self.terminal.serial, state=error.state, reason=str(error))
        self._state = error.state
        report = TerminalReport(
            serial=self.terminal.serial, state=error.state, at=utc_now(), message=str(error), info={}
        )
        # The organisation will hear of it at the next try; the clock's own trouble must not wait for the back end's.
        with suppress(BackendUnavailable, BackendRefused):
            await self._backend.terminal_seen(report)

    def _trouble(self, error: Exception, times: int) -> None:
        if times == 1:
            get_logger().warning("terminal.not_handed_over", serial=self.terminal.serial, reason=str(error))

    def _backoff(self, failures: int) -> float:
        """Full jitter: anything up to the doubled base, so that clocks lost together don't come back together."""
        ceiling = min(self._settings.backoff_cap, self._settings.backoff_base * 2.0 ** min(failures - 1, 16))
        return random.uniform(self._settings.backoff_base / 10, ceiling)

    async def _pause(self, failures: int) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._backoff(failures)):
                await self._wake.wait()


def _connection_of(terminal: Terminal) -> tuple[object, ...]:
    return (
        terminal.address,
        terminal.port,
        terminal.comm_key,
        terminal.transport,
        terminal.encoding,
        terminal.revision,
    )


def _answer(requests: Sequence[asyncio.Future[SyncSummary]], outcome: SyncSummary | BaseException) -> None:
    for request in requests:
        if request.done():
            continue
        if isinstance(outcome, SyncSummary):
            request.set_result(outcome)
        elif isinstance(outcome, asyncio.CancelledError):
            request.cancel()
        else:
            request.set_exception(outcome)


def _note(spoken: asyncio.Future[None]) -> None:
    if not spoken.done():
        spoken.set_result(None)

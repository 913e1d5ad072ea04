"""Keeping one pull clock: one long-lived task that holds the clock's only session.

The connection stays open and registered for live events, so a punch reaches the back end within a second. Live events
are only a hint: counts are compared at every contact, and the log is read whenever they have moved. The clock is the
spool, so whatever could not be handed over is simply read again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from device_bridge import actions
from device_bridge.actions import Enrolling
from device_bridge.backend import Backend
from device_bridge.breaker import Breaker
from device_bridge.conversation import Conversation
from device_bridge.errors import BackendRefused, BackendUnavailable, CommandRefused, TerminalBusy, TerminalError
from device_bridge.lease import lease
from device_bridge.settings import BridgeSettings
from device_bridge.survey import Surveyor
from device_bridge.terminal.client import TerminalClient, usable_encoding
from device_bridge.terminal.dial import dial, permitted
from foundation.clock import utc_now
from foundation.contracts.bridge import (
    ActionResult,
    SyncSummary,
    Terminal,
    TerminalAction,
    TerminalReport,
)
from foundation.logs import get_logger

STALE_SECONDS = 45.0
"""Whoever asked for an action has given up by then, and must not find it done later."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading that somebody asked for; ``full`` = the whole log, whatever the counts say."""

    full: bool
    answer: asyncio.Future[SyncSummary]


@dataclass(frozen=True, slots=True)
class Deed:
    """An action that somebody asked for, at ``asked`` (monotonic). Nobody waits any more once ``answer`` is done."""

    action: TerminalAction
    answer: asyncio.Future[ActionResult]
    asked: float = field(default_factory=time.monotonic)


class TerminalKeeper:
    """The task of one clock: `run` it, `update` it when the back end's list changes, `sync` and `act` on request.

    ``doubtful`` bounds how many clocks that failed lately may be tried at the same time, so that those which hang in
    the middle of an answer leave threads for the others.
    """

    def __init__(
        self,
        terminal: Terminal,
        backend: Backend,
        settings: BridgeSettings,
        pool: ThreadPoolExecutor,
        doubtful: asyncio.Semaphore,
    ) -> None:
        self.terminal = terminal
        self._backend = backend
        self._settings = settings
        self._pool = pool
        self._doubtful = doubtful
        self._breaker = Breaker(settings.backoff_base, settings.backoff_cap)
        self._wake = asyncio.Event()
        self._readings: list[Reading] = []
        self._deeds: list[Deed] = []
        self._enrolling: Enrolling | None = None
        self._restarting = False
        self._due = 0.0
        self._surveyor = Surveyor(terminal, backend)

    # -- what others call -------------------------------------------------------------------------------------------

    def update(self, terminal: Terminal) -> None:
        """Take over a newer entry of the list. A changed address, key or revision asks for a new connection."""
        old, self.terminal = self.terminal, terminal
        wishes_changed = self._surveyor.update(terminal)
        if _connection_of(terminal) != _connection_of(old):
            self._wake.set()
        elif wishes_changed and not self._breaker.open:
            self._due = 0.0
            self._wake.set()

    async def sync(self, *, full: bool = False) -> SyncSummary:
        """Read the clock now, on the open session or a new one. Raises `TerminalError` and the back end's errors."""
        if self._enrolling is not None:
            raise TerminalBusy("The clock is taking somebody's finger: try again in a minute")
        reading = Reading(full, asyncio.get_running_loop().create_future())
        self._readings.append(reading)
        self._wake.set()
        return await reading.answer

    async def act(self, action: TerminalAction) -> ActionResult:
        """Do something on the clock now. Raises `TerminalError` and the back end's errors.

        An enrolment is answered once the clock asks for the finger; the rest is told in steps.
        """
        if self._enrolling is not None:
            if action.action != "cancel_enroll":
                raise TerminalBusy("The clock is taking somebody's finger: try again in a minute, or call it off")
            self._enrolling.cancelled = True
            self._wake.set()
            return ActionResult(serial=self.terminal.serial, done=True, message="The enrolment was called off")
        deed = Deed(action, asyncio.get_running_loop().create_future())
        self._deeds.append(deed)
        self._wake.set()
        return await deed.answer

    async def run(self) -> None:
        """Keep the clock until cancelled. One clock's failures stay here, and are logged when they begin and end."""
        while True:
            try:
                await self._converse()
            except TerminalError as error:
                self._breaker.failed()
                await self._lost(error)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._breaker.wait()):
                        await self._wake.wait()

    # -- one connection ---------------------------------------------------------------------------------------------

    async def _converse(self) -> None:
        """Connect and stay until the connection's settings change. Raises `TerminalError` when the clock is lost."""
        terminal, settings = self.terminal, self._settings
        self._wake.clear()
        address = permitted(terminal.address, settings.device_networks)
        usable_encoding(terminal.encoding)
        with lease(address, terminal.port):
            wire = await dial(address, terminal.port, terminal.transport, settings.connect_timeout)
            client = TerminalClient(
                wire, key=terminal.comm_key, answer_seconds=settings.answer_timeout, encoding=terminal.encoding
            )
            conversation = Conversation(client, wire, self._pool, settings)
            self._restarting = False
            try:
                await conversation.connect(terminal.serial)
                async with self._doubtful if self._breaker.failures else nullcontext():
                    info = await conversation.run(lambda: client.info(terminal.serial))
                    self._surveyor.begin(conversation, info)
                    # Before the log is read, so that no punch falls between the log and the first event.
                    if not await conversation.run(client.register_events):
                        get_logger().info("terminal.no_live_events", serial=terminal.serial)
                await self._attend(conversation, terminal)
            except asyncio.CancelledError:
                await conversation.goodbye()
                raise
            except BaseException:
                conversation.abort()
                raise
            await conversation.goodbye()

    async def _attend(self, conversation: Conversation, terminal: Terminal) -> None:
        self._due = 0.0
        troubles = 0
        while _connection_of(self.terminal) == _connection_of(terminal) and not self._restarting:
            readings, self._readings = self._readings, []
            if readings or time.monotonic() >= self._due:
                full = any(each.full for each in readings)
                # Set before it begins: what is wished for meanwhile asks for another one.
                self._due = time.monotonic() + self._settings.poll_interval
                try:
                    summary = await self._surveyor.survey(asked=bool(readings), full=full)
                except (BackendUnavailable, BackendRefused) as error:
                    _answer(readings, error)
                    troubles += 1
                    if troubles == 1:
                        get_logger().warning("terminal.not_handed_over", serial=terminal.serial, reason=str(error))
                    soon = self._breaker.wait_after(troubles)
                    self._due = time.monotonic() + min(self._settings.poll_interval, soon)
                except BaseException as error:
                    _answer(readings, error)
                    raise
                else:
                    _answer(readings, summary)
                    troubles = 0
                    self._breaker.succeeded()
            if self._deeds:
                await self._perform(conversation)
                continue
            heard = await conversation.spoken(self._due - time.monotonic(), self._wake)
            events = await conversation.run(partial(conversation.client.take_events, 0.5 if heard else 0.0))
            if events and not await self._surveyor.deliver(events):
                self._due = min(self._due, time.monotonic() + self._settings.backoff_base)

    async def _perform(self, conversation: Conversation) -> None:
        """Do what was asked for, one after the other. What nobody waits for any more is not begun."""
        deeds, self._deeds = self._deeds, []
        while deeds:
            deed = deeds.pop(0)
            if deed.answer.done():
                continue
            if time.monotonic() - deed.asked > STALE_SECONDS:
                _answer([deed], TerminalBusy("The clock was busy for too long: nothing was done"))
                continue
            try:
                await self._perform_one(conversation, deed)
            except (BackendUnavailable, BackendRefused, CommandRefused) as error:
                _answer([deed], error)
            except BaseException as error:
                _answer([deed, *deeds], error)
                raise

    async def _perform_one(self, conversation: Conversation, deed: Deed) -> None:
        action = deed.action
        done = partial(_answer, [deed])
        match action.action:
            case "set_time":
                done(await actions.set_time(conversation, self.terminal))
                self._due = 0.0
            case "restart":
                await conversation.run(conversation.client.restart)
                self._restarting = True
                done(ActionResult(serial=self.terminal.serial, done=True, message="The clock was told to restart"))
            case "clear_log":
                # In the same conversation: what is on the clock is with the back end before any of it is cleared.
                await self._surveyor.survey(asked=True)
                settled = self._surveyor.settled
                result = await actions.clear_log(conversation, self.terminal, action.expected_count, settled)
                if result.done:
                    self._surveyor.settled = result.count_after
                    self._due = 0.0
                done(result)
            case "cancel_enroll":
                await conversation.run(conversation.client.enrolment.stop)
                done(ActionResult(serial=self.terminal.serial, done=True, message="The clock waits for no finger now"))
            case "enroll":
                await self._enrol(conversation, action, done)

    async def _enrol(
        self, conversation: Conversation, action: TerminalAction, done: Callable[[ActionResult], None]
    ) -> None:
        table = await self._surveyor.people(having=action.target.pin if action.target else None)
        enrolling = Enrolling(self._backend, self.terminal, action, self._wake, self._surveyor.deliver)
        if reason := enrolling.refusal(table):
            done(ActionResult(serial=self.terminal.serial, done=False, message=reason))
            return
        self._enrolling = enrolling
        try:
            await enrolling.run(conversation, table, done)
        finally:
            self._enrolling = None
            self._surveyor.fingers_changed()
            self._due = 0.0

    async def _lost(self, error: TerminalError) -> None:
        readings, self._readings = self._readings, []
        deeds, self._deeds = self._deeds, []
        _answer(readings, error)
        _answer(deeds, error)
        self._surveyor.lost(error)
        report = TerminalReport(
            serial=self.terminal.serial, state=error.state, at=utc_now(), message=str(error), info={}
        )
        # The organisation will hear of it at the next try; the clock's own trouble must not wait for the back end's.
        with suppress(BackendUnavailable, BackendRefused):
            await self._backend.terminal_seen(report)


def _connection_of(terminal: Terminal) -> tuple[object, ...]:
    return (
        terminal.address,
        terminal.port,
        terminal.comm_key,
        terminal.transport,
        terminal.encoding,
        terminal.revision,
    )


def _answer(waiting: Sequence[Reading] | Sequence[Deed], outcome: SyncSummary | ActionResult | BaseException) -> None:
    """Tell everybody who still waits."""
    for each in waiting:
        answer: asyncio.Future[Any] = each.answer
        if answer.done():
            continue
        if isinstance(outcome, asyncio.CancelledError):
            answer.cancel()
        elif isinstance(outcome, BaseException):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)

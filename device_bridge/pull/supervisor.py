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

from device_bridge.backend import Backend
from device_bridge.errors import BackendRefused, BackendUnavailable, CommandRefused, TerminalBusy, TerminalError
from device_bridge.pull import actions
from device_bridge.pull.actions import FingerCapture
from device_bridge.pull.address_lease import lease
from device_bridge.pull.circuit_breaker import CircuitBreaker
from device_bridge.pull.conversation import Conversation
from device_bridge.pull.device_sync import DeviceSync
from device_bridge.settings import BridgeSettings
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
class SyncRequest:
    """A reading that somebody asked for; ``full`` = the whole log, whatever the counts say."""

    full: bool
    answer: asyncio.Future[SyncSummary]


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """An action that somebody asked for, at ``asked`` (monotonic). Nobody waits any more once ``answer`` is done."""

    action: TerminalAction
    answer: asyncio.Future[ActionResult]
    asked: float = field(default_factory=time.monotonic)


class TerminalSupervisor:
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
        self._breaker = CircuitBreaker(settings.backoff_base, settings.backoff_cap)
        self._wake = asyncio.Event()
        self._sync_requests: list[SyncRequest] = []
        self._action_requests: list[ActionRequest] = []
        self._capture: FingerCapture | None = None
        self._restarting = False
        self._due = 0.0
        self._device_sync = DeviceSync(terminal, backend)

    # -- what others call -------------------------------------------------------------------------------------------

    def update(self, terminal: Terminal) -> None:
        """Take over a newer entry of the list. A changed address, key or revision asks for a new connection."""
        old, self.terminal = self.terminal, terminal
        wanted_changed = self._device_sync.update(terminal)
        if _connection_of(terminal) != _connection_of(old):
            self._wake.set()
        elif wanted_changed and not self._breaker.open:
            self._due = 0.0
            self._wake.set()

    async def sync(self, *, full: bool = False) -> SyncSummary:
        """Read the clock now, on the open session or a new one. Raises `TerminalError` and the back end's errors."""
        if self._capture is not None:
            raise TerminalBusy("The clock is taking somebody's finger: try again in a minute")
        request = SyncRequest(full, asyncio.get_running_loop().create_future())
        self._sync_requests.append(request)
        self._wake.set()
        return await request.answer

    async def act(self, action: TerminalAction) -> ActionResult:
        """Do something on the clock now. Raises `TerminalError` and the back end's errors.

        A capture is answered once the clock asks for the finger; the rest is told in steps.
        """
        if self._capture is not None:
            if action.action != "cancel_enroll":
                raise TerminalBusy("The clock is taking somebody's finger: try again in a minute, or call it off")
            self._capture.cancelled = True
            self._wake.set()
            return ActionResult(serial=self.terminal.serial, done=True, message="The capture was cancelled")
        request = ActionRequest(action, asyncio.get_running_loop().create_future())
        self._action_requests.append(request)
        self._wake.set()
        return await request.answer

    async def run(self) -> None:
        """Keep the clock until cancelled. One clock's failures stay here, and are logged when they begin and end."""
        while True:
            try:
                await self._hold_connection()
            except TerminalError as error:
                self._breaker.failed()
                await self._lost(error)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._breaker.wait()):
                        await self._wake.wait()

    # -- one connection ---------------------------------------------------------------------------------------------

    async def _hold_connection(self) -> None:
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
                    self._device_sync.begin(conversation, info)
                    # Before the log is read, so that no punch falls between the log and the first event.
                    if not await conversation.run(client.register_events):
                        get_logger().info("terminal.no_live_events", serial=terminal.serial)
                await self._serve_connection(conversation, terminal)
            except asyncio.CancelledError:
                await conversation.goodbye()
                raise
            except BaseException:
                conversation.abort()
                raise
            await conversation.goodbye()

    async def _serve_connection(self, conversation: Conversation, terminal: Terminal) -> None:
        self._due = 0.0
        troubles = 0
        while _connection_of(self.terminal) == _connection_of(terminal) and not self._restarting:
            sync_requests, self._sync_requests = self._sync_requests, []
            if sync_requests or time.monotonic() >= self._due:
                full = any(each.full for each in sync_requests)
                # Set before it begins: what is requested meanwhile asks for another one.
                self._due = time.monotonic() + self._settings.poll_interval
                try:
                    summary = await self._device_sync.sync(asked=bool(sync_requests), full=full)
                except (BackendUnavailable, BackendRefused) as error:
                    _answer(sync_requests, error)
                    troubles += 1
                    if troubles == 1:
                        get_logger().warning("terminal.not_handed_over", serial=terminal.serial, reason=str(error))
                    soon = self._breaker.wait_after(troubles)
                    self._due = time.monotonic() + min(self._settings.poll_interval, soon)
                except BaseException as error:
                    _answer(sync_requests, error)
                    raise
                else:
                    _answer(sync_requests, summary)
                    troubles = 0
                    self._breaker.succeeded()
            if self._action_requests:
                await self._perform(conversation)
                continue
            heard = await conversation.spoken(self._due - time.monotonic(), self._wake)
            events = await conversation.run(partial(conversation.client.take_events, 0.5 if heard else 0.0))
            if events and not await self._device_sync.deliver(events):
                self._due = min(self._due, time.monotonic() + self._settings.backoff_base)

    async def _perform(self, conversation: Conversation) -> None:
        """Do what was asked for, one after the other. What nobody waits for any more is not begun."""
        requests, self._action_requests = self._action_requests, []
        while requests:
            request = requests.pop(0)
            if request.answer.done():
                continue
            if time.monotonic() - request.asked > STALE_SECONDS:
                _answer([request], TerminalBusy("The clock was busy for too long: nothing was done"))
                continue
            try:
                await self._perform_one(conversation, request)
            except (BackendUnavailable, BackendRefused, CommandRefused) as error:
                _answer([request], error)
            except BaseException as error:
                _answer([request, *requests], error)
                raise

    async def _perform_one(self, conversation: Conversation, request: ActionRequest) -> None:
        action = request.action
        done = partial(_answer, [request])
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
                await self._device_sync.sync(asked=True)
                stored_records = self._device_sync.stored_records
                result = await actions.clear_log(conversation, self.terminal, action.expected_count, stored_records)
                if result.done:
                    self._device_sync.stored_records = result.count_after
                    self._due = 0.0
                done(result)
            case "cancel_enroll":
                await conversation.run(conversation.client.capture.stop)
                done(ActionResult(serial=self.terminal.serial, done=True, message="The clock waits for no finger now"))
            case "enroll":
                await self._take_finger(conversation, action, done)

    async def _take_finger(
        self, conversation: Conversation, action: TerminalAction, done: Callable[[ActionResult], None]
    ) -> None:
        table = await self._device_sync.people(having=action.target.pin if action.target else None)
        capture = FingerCapture(self._backend, self.terminal, action, self._wake, self._device_sync.deliver)
        if reason := capture.refusal(table):
            done(ActionResult(serial=self.terminal.serial, done=False, message=reason))
            return
        self._capture = capture
        try:
            await capture.run(conversation, table, done)
        finally:
            self._capture = None
            self._device_sync.fingers_changed()
            self._due = 0.0

    async def _lost(self, error: TerminalError) -> None:
        sync_requests, self._sync_requests = self._sync_requests, []
        requests, self._action_requests = self._action_requests, []
        _answer(sync_requests, error)
        _answer(requests, error)
        self._device_sync.lost(error)
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


def _answer(
    waiting: Sequence[SyncRequest] | Sequence[ActionRequest], outcome: SyncSummary | ActionResult | BaseException
) -> None:
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

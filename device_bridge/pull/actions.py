"""What people ask of one pull clock now: set its time, restart it, clear its log, take a finger."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from device_bridge.backend import Backend
from device_bridge.errors import BackendRefused, BackendUnavailable, CommandRefused, TerminalError
from device_bridge.pull.clock_counts import read_counts
from device_bridge.pull.conversation import Conversation
from device_bridge.terminal.session import LiveEvent
from device_bridge.terminal.users import UserTable
from foundation.clock import local_text, utc_now
from foundation.contracts.bridge import ActionResult, EnrolmentStep, TemplateType, Terminal, TerminalAction
from foundation.logs import get_logger

POLL_SECONDS = 2.0
CLOSE_ENOUGH = 2
Deliver = Callable[[Sequence[LiveEvent]], Awaitable[object]]


async def set_time(conversation: Conversation, terminal: Terminal) -> ActionResult:
    """Set the wall time of the clock's own zone; the offsets are measured before and after."""
    client = conversation.client
    _, before = await conversation.run(lambda: read_counts(client, terminal.zone))
    # Half a second more, because the display cuts off what is less than one.
    await conversation.run(lambda: client.set_local_time(local_text(utc_now() + timedelta(seconds=0.5), terminal.zone)))
    _, after = await conversation.run(lambda: read_counts(client, terminal.zone))
    done = after is not None and abs(after) <= CLOSE_ENOUGH
    return ActionResult(
        serial=terminal.serial,
        done=done,
        message="The time was set" if done else "The clock took the time, and shows another one all the same",
        offset_before=before,
        offset_after=after,
    )


async def clear_log(
    conversation: Conversation, terminal: Terminal, expected: int | None, stored_records: int | None
) -> ActionResult:
    """Clear the log if its count is the expected one and every punch on the clock has been handed over."""

    def refused(reason: str, before: int | None = None) -> ActionResult:
        return ActionResult(serial=terminal.serial, done=False, message=reason, count_before=before, count_after=before)

    if expected is None:
        return refused("The log is only cleared when its expected count is given")
    if stored_records != expected:
        return refused("Not every punch on the clock is known to be stored: nothing was cleared", stored_records)
    before, after = await conversation.run(lambda: conversation.client.clear_log(expected))
    if before is None:
        return refused("The clock does not say how many punches it holds: nothing was cleared")
    if before != expected:
        return refused(f"The clock holds {before} punches, not {expected}: nothing was cleared", before)
    return ActionResult(
        serial=terminal.serial,
        done=after == 0,
        message="The log was cleared" if after == 0 else "The clock agreed to clear its log and still holds punches",
        count_before=before,
        count_after=after,
    )


class FingerCapture:
    """One capture, from the request to its last step. ``cancelled`` ends it early.

    ``deliver`` takes the punches that people make meanwhile; ``wake`` is set by whoever sets ``cancelled``.
    """

    def __init__(
        self, backend: Backend, terminal: Terminal, action: TerminalAction, wake: asyncio.Event, deliver: Deliver
    ) -> None:
        self._backend = backend
        self._terminal = terminal
        self._action = action
        self._wake = wake
        self._deliver = deliver
        self.cancelled = False

    def refusal(self, table: UserTable) -> str:
        """Why it cannot even begin; empty when it can."""
        target = self._action.target
        if target is None or target.template_type is not TemplateType.FINGERPRINT:
            return "Only fingers can be enrolled over this kind of connection"
        if target.pin not in table.users:
            return f"The person with the PIN {target.pin} is not on the clock yet"
        return ""

    async def run(self, conversation: Conversation, table: UserTable, started: Callable[[ActionResult], None]) -> bool:
        """Take the finger; True when the clock has stored it. ``started`` is called once the clock asks for it.

        Steps are told to the back end. Raises `TerminalError` when the clock is lost; the last step then says so.
        """
        target = self._action.target
        assert target is not None, "refusal() was asked first"
        capture = conversation.client.capture
        stored = table.users[target.pin]
        try:
            await conversation.run(lambda: capture.start(stored, target.template_index))
        except CommandRefused as error:
            await conversation.run(capture.stop)
            started(ActionResult(serial=self._terminal.serial, done=False, message=str(error)))
            await self._step("failed", str(error))
            return False
        try:
            started(ActionResult(serial=self._terminal.serial, done=True, message="The clock asks for the finger now"))
            await self._step("started")
            step, message = await self._watch(conversation)
        except TerminalError as error:
            await self._step("failed", f"The clock was lost meanwhile: {error}")
            raise
        finally:
            # Also when we are shut down: the clock must not stand waiting for a finger.
            await conversation.run(capture.stop)
        await self._step(step, message)
        return step == "stored"

    async def _watch(self, conversation: Conversation) -> tuple[str, str]:
        capture = conversation.client.capture
        end = time.monotonic() + self._action.seconds
        told, polled = 0, time.monotonic()
        while True:
            if self.cancelled:
                return "cancelled", "Somebody called it off"
            left = end - time.monotonic()
            heard = await conversation.spoken(min(POLL_SECONDS, max(left, 0.01)), self._wake)
            poll = left <= 0 or time.monotonic() - polled >= POLL_SECONDS
            progress = await conversation.run(lambda heard=heard, poll=poll: capture.look(0.2 * heard, poll=poll))  # type: ignore[misc]
            if poll:
                polled = time.monotonic()
            if progress.others:
                await self._deliver(progress.others)
            for touch in range(told + 1, progress.touches + 1):
                await self._step("touch", touch=touch)
            told = max(told, progress.touches)
            if progress.stored:
                return "stored", ""
            if progress.failure:
                return "failed", progress.failure
            if left <= 0:
                return "failed", f"Nobody laid the finger on the clock three times within {self._action.seconds} s"

    async def _step(self, step: str, message: str = "", *, touch: int = 0) -> None:
        get_logger().info("terminal.capture", serial=self._terminal.serial, step=step)
        if not self._action.enrolment:
            return
        document = {"step": step, "message": message[:300], "touch": touch, "at": utc_now()}
        document |= {"serial": self._terminal.serial, "enrolment": self._action.enrolment}
        # The finger counts, not the story of it: what was stored is found by the next reading in any case.
        with suppress(BackendUnavailable, BackendRefused):
            await self._backend.capture_step(EnrolmentStep.model_validate(document))

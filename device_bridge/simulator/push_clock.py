"""A push clock made of software: the device side of the push protocols over HTTP or HTTPS.

It does what hardware does in its first minute and ever after: handshake, options, the people on it, its log from the
oldest line on in batches, then each punch at once; and a poll for commands every ``Delay`` seconds. After any failure
it waits ``ErrorDelay`` and sends the same batch again. Its log is cleared by the command CLEAR LOG and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.simulator.push_access import AccessDialect
from device_bridge.simulator.push_attendance import AttendanceDialect
from device_bridge.simulator.push_capture import capture
from device_bridge.simulator.push_line import Refused
from device_bridge.simulator.push_templates import FINGER, SimulatedTemplate
from device_bridge.simulator.push_unit import PushUnit

TEMPLATES_A_TIME = 20
FIRST_ERROR_DELAY = 5.0
"""Seconds; until the first handshake has said another."""


class Dialect(Protocol):
    """How one family of push protocols says things; every method may raise `Refused`."""

    async def greet(self) -> dict[str, str]:
        """Shake hands; the options told, with ``TimeZone`` and ``Delay`` among them whatever the family calls them."""

    async def send_users(self, users: Sequence[SimulatedUser]) -> None:
        """Report people; returns once they are acknowledged."""

    async def send_templates(self, templates: Sequence[SimulatedTemplate]) -> None:
        """Report templates; returns once they are acknowledged."""

    async def send_punches(self, punches: Sequence[SimulatedPunch], first: int) -> None:
        """Send one batch, whose first line has this number in the log; returns once it is acknowledged."""

    async def obey(self, identifier: str, command: str) -> str | None:
        """Carry a command out; the line for ``devicecmd``, if any."""


class PushClock(PushUnit):
    """``await start()``, ``punch``, ``await wait_until_sent(timeout)``, ``await stop()``.

    ``url`` is the base, such as ``https://acme.devices.localhost:8443``. ``error_delay`` and ``poll_seconds`` replace
    what the server asks for (seconds). ``clock_offset`` is by how many seconds its time is wrong, ``zone`` the IANA
    zone it is set to until the first handshake tells another. ``line`` replaces its own connection to the server.
    ``touch_seconds`` is how long each of the three touches of a capture takes.
    """

    @cached_property
    def _dialect(self) -> Dialect:
        return AccessDialect(self) if self.profile.access else AttendanceDialect(self)

    async def start(self) -> None:
        """Power on. Returns at once; see `wait_until_sent`."""
        self._new_users = list(self.users)
        self._new_templates = self.templates.of()
        self._greeted.clear()
        self._polled.clear()
        self._tasks = [asyncio.create_task(self._upload_for_ever()), asyncio.create_task(self._poll_for_ever())]

    async def stop(self) -> None:
        """Power off: log and people stay, what was under way is forgotten. It may be started again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self.line.close()

    async def wait_until_ready(self) -> None:
        """Return once a handshake has succeeded."""
        await self._greeted.wait()

    async def wait_until_sent(self, timeout: float) -> None:
        """Return once the server has acknowledged everything. Raises `TimeoutError` after so many seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._all_sent.wait()
        except TimeoutError:
            raise TimeoutError(
                f"{self.waiting} punches were not taken within {timeout} s; {self._last_error}"
            ) from None

    async def capture(self, pin: str, kind: int = FINGER, number: int = 0, *, overwrite: bool = False) -> int:
        """Capture a template, which is then sent like all that is made at a clock; the return code."""
        return await capture(self, pin, kind, number, overwrite=overwrite)

    async def _upload_for_ever(self) -> None:
        while True:
            try:
                await self._upload_all()
            except Refused as error:
                self._complain(error)
                await asyncio.sleep(self._wait_after_error())
                continue
            self._last_error = ""
            self._all_sent.set()
            await self._news.wait()

    async def _upload_all(self) -> None:
        self._news.clear()
        self._check_cable()
        if not self._greeted.is_set():
            await self._greet()
        # Hardware polls once, and says how full it is, before it sends anything.
        await self._polled.wait()
        while self._new_users:
            batch_of_users = self._new_users[: self.profile.batch]
            await self._dialect.send_users([self.users[pin] for pin in batch_of_users if pin in self.users])
            del self._new_users[: len(batch_of_users)]
        while self._new_templates:
            some = self._new_templates[:TEMPLATES_A_TIME]
            await self._dialect.send_templates(some)
            del self._new_templates[: len(some)]
        while self._sent < len(self.log):
            self._check_cable()
            batch = self.log[self._sent : self._sent + self.profile.batch]
            await self._dialect.send_punches(batch, self._sent)
            # The log may have been cleared meanwhile.
            self._sent = min(self._sent + len(batch), len(self.log))
            self.announce(f"{self.serial}: {len(batch)} punches were taken, {self.waiting} to go")
        while self._queried:
            batch = self._queried[: self.profile.batch]
            await self._dialect.send_punches(batch, 0)
            del self._queried[: len(batch)]

    async def _greet(self) -> None:
        self.options = await self._dialect.greet()
        self.handshakes += 1
        if self.options.get("ATTLOGStamp", self.options.get("Stamp")) == "0":
            # The server asks for everything from the beginning.
            self._sent = 0
        self.announce(f"{self.serial}: greeted, time zone {self.options.get('TimeZone')}")
        self._greeted.set()

    async def _poll_for_ever(self) -> None:
        first = True
        while True:
            await self._greeted.wait()
            try:
                self._check_cable()
                query = {"SN": self.serial}
                if first:
                    query["INFO"] = self.info()
                answer = await self.line.get("/iclock/getrequest", query)
                first = False
                self._polled.set()
                await self._obey(answer.text)
            except Refused as error:
                self._polled.set()
                self._complain(error)
                await asyncio.sleep(self._wait_after_error())
                continue
            await asyncio.sleep(self._poll_seconds or float(self.options.get("Delay", "10")))

    async def _obey(self, text: str) -> None:
        commands = [line for line in text.splitlines() if line.startswith("C:")]
        if self.profile.one_command_a_poll:
            commands = commands[:1]
        results: list[str] = []
        for line in commands:
            _, identifier, command = line.split(":", 2)
            self.announce(f"{self.serial}: was told {command!r}")
            if result := await self._dialect.obey(identifier, command):
                results.append(result)
        if results:
            await self.line.post("/iclock/devicecmd", {"SN": self.serial}, "\n".join(results) + "\n")

    def _check_cable(self) -> None:
        if self._offline:
            raise Refused("the cable is not plugged in")

    def _wait_after_error(self) -> float:
        told = self.options.get("ErrorDelay")
        return self._error_delay if self._error_delay is not None else float(told) if told else FIRST_ERROR_DELAY

    def _complain(self, error: Refused) -> None:
        if str(error) != self._last_error:
            self.announce(f"{self.serial}: {error}; trying again")
        self._last_error = str(error)

"""A push clock made of software: the device side of the push protocols over HTTP or HTTPS.

It does what hardware does in its first minute and ever after: handshake, options, the people on it, its log from the
oldest line on in batches, then each punch at once; and a poll for commands every ``Delay`` seconds. After any failure
it waits ``ErrorDelay`` and sends the same batch again. Its log is cleared by the command CLEAR LOG and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from device_bridge.simulator.memory import (
    Announce,
    SimulatedPunch,
    SimulatedUser,
    UserBook,
    shown_time,
    silent,
    zone_offset,
)
from device_bridge.simulator.profiles import chosen
from device_bridge.simulator.push_access import AccessDialect
from device_bridge.simulator.push_attendance import AttendanceDialect
from device_bridge.simulator.push_enrolment import enrol
from device_bridge.simulator.push_line import PushLine, Refused
from device_bridge.simulator.push_profiles import PUSH
from device_bridge.simulator.push_templates import FINGER, SimulatedTemplate, TemplateBook

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


class PushClock:
    """``await start()``, ``punch``, ``await wait_until_sent(timeout)``, ``await stop()``.

    ``url`` is the base, such as ``https://acme.devices.localhost:8443``. ``error_delay`` and ``poll_seconds`` replace
    what the server asks for (seconds). ``clock_offset`` is by how many seconds its time is wrong, ``zone`` the IANA
    zone it is set to until the first handshake tells another. ``line`` replaces its own connection to the server.
    ``touch_seconds`` is how long each of the three touches of an enrolment takes.
    """

    def __init__(
        self,
        url: str,
        serial: str,
        *,
        profile: str = "att-2.4",
        users: Iterable[SimulatedUser] = (),
        log: Iterable[SimulatedPunch] = (),
        ca_file: Path | None = None,
        error_delay: float | None = None,
        poll_seconds: float | None = None,
        clock_offset: float = 0.0,
        zone: str = "UTC",
        announce: Announce = silent,
        line: PushLine | None = None,
        templates: Iterable[SimulatedTemplate] = (),
        touch_seconds: float = 0.2,
    ) -> None:
        self.serial = serial
        self.profile = chosen(PUSH, profile)
        self.users = UserBook()
        for user in users:
            self.users.put(user)
        self.log = list(log)
        self.clock_offset = clock_offset
        self.zone = zone
        self.announce = announce
        self.options: dict[str, str] = {}
        self.handshakes = 0
        self.date_header = ""
        self.templates = TemplateBook()
        for template in templates:
            self.templates.put(template)
        self.touch_seconds = touch_seconds
        self.touches = 0
        self.cancelled = False
        self.line = line or PushLine(url, ca_file)
        self.line.http10 = self.profile.http10
        self.line.on_reboot = self.reboot
        self.authorised: set[str] = set()
        self._dialect: Dialect = AccessDialect(self) if self.profile.access else AttendanceDialect(self)
        self._error_delay = error_delay
        self._poll_seconds = poll_seconds
        self._sent = 0
        self._queried: list[SimulatedPunch] = []
        self._new_users: list[str] = []
        self._new_templates: list[SimulatedTemplate] = []
        self._offline = False
        self._polled = asyncio.Event()
        self._news = asyncio.Event()
        self._greeted = asyncio.Event()
        self._all_sent = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._last_error = ""

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

    def local_time(self) -> str:
        """What the display shows: true time in the zone that the handshake told, or in its own before that."""
        told = self.options.get("TimeZone")
        if told is None:
            return shown_time(zone_offset(self.zone), self.clock_offset)
        minutes = int(told) if abs(int(told)) > 60 else int(told) * 60
        return shown_time(timedelta(minutes=minutes), self.clock_offset)

    @property
    def ready(self) -> bool:
        """Whether a handshake has told it the zone: punches made before may carry another zone's time."""
        return bool(self.options)

    @property
    def waiting(self) -> int:
        """How many punches the server has not acknowledged yet."""
        return len(self.log) - self._sent

    @property
    def last_error(self) -> str:
        """Why it is waiting; empty when it is not."""
        return self._last_error

    def punch(
        self, pin: str, local_time: str | None = None, *, status: int = 0, verify: int = 1, event: int = 0
    ) -> SimulatedPunch:
        """Somebody punches: it goes to the log and is sent at once, or when the server can be reached again."""
        line = SimulatedPunch(pin, local_time or self.local_time(), status, verify, event)
        self.log.append(line)
        self.announce(f"{self.serial}: {line.pin} punched at {line.local_time}, status {line.status}")
        self._all_sent.clear()
        self._news.set()
        return line

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

    # -- what commands change ---------------------------------------------------------------------------------------

    def shake_hands_again(self) -> None:
        """CHECK: read the options again and send what is pending."""
        self._greeted.clear()
        self._news.set()

    def reboot(self) -> None:
        """Power off and on: it shakes hands again and sends everything that was not acknowledged."""
        self.announce(f"{self.serial}: restarted")
        self.shake_hands_again()

    @property
    def online(self) -> bool:
        """Whether its cable is plugged in."""
        return not self._offline

    @online.setter
    def online(self, plugged: bool) -> None:
        self._offline = not plugged
        self.announce(f"{self.serial}: {'online' if plugged else 'offline'}")

    def clear_log(self) -> None:
        """CLEAR LOG: all of it goes, sent or not."""
        self.log.clear()
        self._sent = 0
        self._queried.clear()

    async def enrol(self, pin: str, kind: int = FINGER, number: int = 0, *, overwrite: bool = False) -> int:
        """Somebody enrols at the clock; the return code. The template is sent like all that is made at a clock."""
        return await enrol(self, pin, kind, number, overwrite=overwrite)

    def report_users(self, users: Iterable[SimulatedUser]) -> None:
        """These people go out as an ordinary upload."""
        self._new_users += [user.pin for user in users]
        self._all_sent.clear()
        self._news.set()

    def report_templates(self, templates: Iterable[SimulatedTemplate]) -> None:
        """These templates go out as an ordinary upload."""
        self._new_templates += templates
        self._all_sent.clear()
        self._news.set()

    def send_again(self, lines: Iterable[SimulatedPunch]) -> None:
        """QUERY ATTLOG: these lines go out as an ordinary upload."""
        self._queried.extend(lines)
        self._all_sent.clear()
        self._news.set()

    # -- loops ------------------------------------------------------------------------------------------------------

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

    # -- words ------------------------------------------------------------------------------------------------------

    def info(self) -> str:
        """The INFO list of a poll: firmware, people, fingers, log lines, address, algorithms."""
        fingers, faces = (
            len(self.templates.of(kind=FINGER)),
            len({name[0] for name in self.templates if name[1] in (2, 9)}),
        )
        versions = f"{self.profile.finger},{self.profile.face}"
        return f"Ver 8.0.4.2-20210101,{len(self.users)},{fingers},{len(self.log)},127.0.0.1,{versions},0,{faces},101"

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

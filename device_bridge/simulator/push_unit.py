"""What a simulated push clock holds and what commands change in it; `push_clock` connects it to a server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

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
from device_bridge.simulator.push_line import PushLine
from device_bridge.simulator.push_profiles import PUSH
from device_bridge.simulator.push_templates import FINGER, SimulatedTemplate, TemplateBook


class PushUnit:
    """People, log, templates and what is still to be sent; see `device_bridge.simulator.push_clock.PushClock`."""

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
        self._error_delay = error_delay
        self._poll_seconds = poll_seconds
        self._tasks: list[asyncio.Task[None]] = []
        self._sent = 0
        self._queried: list[SimulatedPunch] = []
        self._new_users: list[str] = []
        self._new_templates: list[SimulatedTemplate] = []
        self._offline = False
        self._polled = asyncio.Event()
        self._news = asyncio.Event()
        self._greeted = asyncio.Event()
        self._all_sent = asyncio.Event()
        self._last_error = ""

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

    def info(self) -> str:
        """The INFO list of a poll: firmware, people, fingers, log lines, address, algorithms."""
        fingers, faces = (
            len(self.templates.of(kind=FINGER)),
            len({name[0] for name in self.templates if name[1] in (2, 9)}),
        )
        versions = f"{self.profile.finger},{self.profile.face}"
        return f"Ver 8.0.4.2-20210101,{len(self.users)},{fingers},{len(self.log)},127.0.0.1,{versions},0,{faces},101"

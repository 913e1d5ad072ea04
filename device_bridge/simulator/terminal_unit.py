"""What a simulated pull clock holds, and what its commands change; `terminal_clock` connects it to a client."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable

from device_bridge.simulator.memory import (
    Announce,
    SimulatedPunch,
    SimulatedUser,
    UserBook,
    shown_time,
    silent,
    zone_offset,
)
from device_bridge.simulator.profiles import TERMINALS, chosen
from device_bridge.simulator.terminal_faults import terminal_faults
from device_bridge.simulator.terminal_fingers import FingerBook, FingerCapture, Somebody


class TerminalUnit:
    """People, log, fingers and options; see `device_bridge.simulator.terminal_clock.TerminalClock`."""

    def __init__(
        self,
        serial: str,
        *,
        profile: str = "zk8",
        comm_key: int | None = None,
        users: Iterable[SimulatedUser] = (),
        log: Iterable[SimulatedPunch] = (),
        zone: str = "UTC",
        clock_offset: float | None = None,
        udp: bool = False,
        announce: Announce = silent,
        faults: Iterable[str] = (),
        seed: int | None = None,
    ) -> None:
        self.serial = serial
        self.profile = chosen(TERMINALS, profile)
        self.comm_key = self.profile.default_key if comm_key is None else comm_key
        self.users = UserBook()
        for user in users:
            self.users.put(user)
        self.log = list(log)[-self.profile.log_capacity :]
        self.fingers = FingerBook()
        self.zone = zone
        self.clock_offset = self.profile.clock_offset if clock_offset is None else clock_offset
        self.udp = udp or self.profile.udp
        self.announce = announce
        self.chance = random.Random(seed)
        self.faults = terminal_faults([*self.profile.faults, *faults], self.chance)
        self.options = {
            "~SerialNumber": serial,
            "~DeviceName": "Simulated clock",
            "~Platform": self.profile.platform,
            "~OEMVendor": "ZKTECO CO., LTD.",
            "~ZKFPVersion": self.profile.fingerprint_version,
            "~PIN2Width": str(self.profile.pin_width),
            "~ExtendFmt": "0",
            "~UserExtFmt": "0",
            "MAC": "00:17:61:00:00:01",
        }
        self.port = 0
        self.complaints: list[str] = []
        self.cut_answer_after: int | None = None
        self.bulk_reads = 0
        self.reboots = 0
        self.disabled_until: float | None = None
        self.somebody: Somebody = "good"
        self.touch_seconds = 0.1
        self.capture: FingerCapture | None = None
        self._host = ""
        self._server: asyncio.Server | None = None
        self._datagrams: asyncio.DatagramTransport | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._plugged = True
        self._changing: asyncio.Task[None] | None = None

    @property
    def disabled(self) -> bool:
        """Whether people are kept from punching at this moment."""
        return self.disabled_until is not None and asyncio.get_running_loop().time() < self.disabled_until

    def disable(self, seconds: float) -> None:
        """Keep people from punching; the clock frees itself after so many seconds."""
        self.disabled_until = asyncio.get_running_loop().time() + seconds

    def local_time(self) -> str:
        """What the display shows now."""
        return shown_time(zone_offset(self.zone), self.clock_offset)

    @property
    def ready(self) -> bool:
        """Whether its time can be trusted: always, for nobody tells it a zone."""
        return True

    def acknowledged(self) -> None:
        """The client acknowledged an event."""
        if self.capture is not None:
            self.capture.acknowledged()

    def stop_capture(self) -> None:
        """No finger is waited for any more."""
        if self.capture is not None:
            self.capture.stop()
            self.capture = None

    def new_session_id(self) -> int:
        """A session number: never zero, which means "none"."""
        return self.chance.randint(1, 0xFFFE)

    def reboot(self) -> None:
        """Cut every connection and come back."""
        raise NotImplementedError

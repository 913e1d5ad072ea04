"""A simulated push clock as a scenario sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from device_bridge.simulator.faults import FaultyLine, parse_faults
from device_bridge.simulator.memory import SimulatedUser
from device_bridge.simulator.push_clock import PushClock
from device_bridge.simulator.push_templates import FINGER, INFRARED_FACE, PALM, VISIBLE_FACE


class PushScenarioClock:
    """See `device_bridge.simulator.scenario.ScenarioClock`. ``punch`` replaces how somebody punches, for a ledger."""

    def __init__(
        self,
        clock: PushClock,
        *,
        people: Sequence[str] = (),
        punch: Callable[[PushClock, str, int], None] | None = None,
    ) -> None:
        self._clock = clock
        self._people = people
        self._punch = punch

    @property
    def serial(self) -> str:
        return self._clock.serial

    def known(self) -> Sequence[str]:
        return self._people or sorted(self._clock.users)

    def punch(self, pin: str, status: int) -> None:
        if self._punch is not None:
            self._punch(self._clock, pin, status)
        else:
            self._clock.punch(pin, status=status)

    async def capture(self, pin: str, kind: str, number: int) -> None:
        clock = self._clock
        if pin not in clock.users:
            clock.report_users([clock.users.put(SimulatedUser(pin))])
        face = VISIBLE_FACE if clock.profile.slots else INFRARED_FACE
        code = await clock.capture(pin, {"finger": FINGER, "palm": PALM}.get(kind, face), number, overwrite=True)
        if code:
            raise ValueError(f"PIN {pin} could not enrol a {kind} (code {code})")

    def fault(self, text: str) -> None:
        line = self._clock.line
        if not isinstance(line, FaultyLine):
            raise ValueError("this clock's line has no faults")
        line.faults = parse_faults(text)

    def connect(self, plugged: bool) -> None:
        self._clock.online = plugged

    def reboot(self) -> None:
        self._clock.reboot()

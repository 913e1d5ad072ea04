"""A simulated pull clock as a scenario sees it."""

from __future__ import annotations

from collections.abc import Sequence

from device_bridge.simulator.faults import chances
from device_bridge.simulator.memory import SimulatedUser
from device_bridge.simulator.terminal_clock import TerminalClock
from device_bridge.simulator.terminal_faults import terminal_faults
from device_bridge.simulator.terminal_fingers import SimulatedFinger, drawn_template


class TerminalScenarioClock:
    """See `device_bridge.simulator.scenario.ScenarioClock`."""

    def __init__(self, clock: TerminalClock) -> None:
        self._clock = clock

    @property
    def serial(self) -> str:
        return self._clock.serial

    def known(self) -> Sequence[str]:
        return sorted(self._clock.users)

    def punch(self, pin: str, status: int) -> None:
        self._clock.punch(pin, status=status)

    async def capture(self, pin: str, kind: str, number: int) -> None:
        if kind != "finger":
            raise ValueError(f"a pull clock has no reader for a {kind}")
        clock = self._clock
        user = clock.users.get(pin) or clock.users.put(SimulatedUser(pin))
        clock.fingers[user.uid, number] = SimulatedFinger(drawn_template(clock.chance))
        clock.announce(f"{clock.serial}: finger {number} of {pin} was captured at its menu")

    def fault(self, text: str) -> None:
        """``drop=0.05`` is one answer in twenty, as for push clocks."""
        wanted = [f"{name}:{round(1 / often)}" for name, often in chances(text).items() if often]
        self._clock.faults = terminal_faults(wanted, self._clock.chance)

    def connect(self, plugged: bool) -> None:
        self._clock.plug(plugged)

    def reboot(self) -> None:
        self._clock.reboot()

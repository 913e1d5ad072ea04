"""Fault injection on the answers of a simulated pull clock, drawn from a seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

LONGEST_DELAY = 1.5
USUALLY_EVERY = 20
TERMINAL_FAULTS = {
    "drop": "the answer is never sent",
    "delay": f"the answer comes up to {LONGEST_DELAY} seconds late",
    "reset": "the connection is cut instead of an answer",
    "truncate": "half of the answer, and the connection is cut",
    "garbage": "bytes that mean nothing come before the answer",
    "checksum": "a bit of the answer is wrong",
    "reboot": "the clock restarts instead of answering",
}


@dataclass
class TerminalFaults:
    """``every`` maps a fault to how many answers one of them falls on, on average; ``happened`` counts them."""

    every: dict[str, int]
    chance: random.Random
    happened: Counter[str] = field(default_factory=Counter)

    def strike(self) -> str:
        """What goes wrong with this answer; empty for nothing."""
        for name, number in self.every.items():
            if self.chance.random() * number < 1.0:
                self.happened[name] += 1
                return name
        return ""

    def garbage(self) -> bytes:
        """Bytes that mean nothing, and do not begin like a packet."""
        return self.chance.randbytes(self.chance.randint(1, 60)).replace(b"\x50", b"\x51")

    def damaged(self, answer: bytes) -> bytes:
        """The answer with its last bit turned over, which no length or header shows."""
        return answer[:-1] + bytes((answer[-1] ^ 1,)) if answer else answer

    def delay(self) -> float:
        """Seconds that an answer is late."""
        return self.chance.uniform(0.0, LONGEST_DELAY)


def terminal_faults(wanted: Iterable[str], chance: random.Random) -> TerminalFaults:
    """From ``NAME`` or ``NAME:N``, once in N answers. Raises `ValueError` with one sentence."""
    every: dict[str, int] = {}
    for text in wanted:
        name, _, number = text.strip().partition(":")
        if name not in TERMINAL_FAULTS:
            raise ValueError(f"There is no fault {name!r}: choose from {', '.join(sorted(TERMINAL_FAULTS))}")
        if number and not (number.isascii() and number.isdigit() and int(number)):
            raise ValueError(f"How seldom {name} happens is a number from 1, not {number!r}")
        every[name] = int(number or USUALLY_EVERY)
    return TerminalFaults(every, chance)

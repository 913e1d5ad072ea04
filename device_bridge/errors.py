"""Errors of conversations with clocks and of calls to the back end."""

from __future__ import annotations

from foundation.contracts.bridge import TerminalState


class TerminalError(Exception):
    """A conversation with a pull clock failed. ``state`` is what the organisation sees, ``code`` is for programs."""

    state = TerminalState.UNREACHABLE
    code = "terminal_unreachable"


class TerminalUnreachable(TerminalError):
    """No connection: wrong address, clock off, network down, or an address we may not dial."""


class TerminalBusy(TerminalError):
    """Somebody is talking to the clock already, or it is waiting for somebody's finger."""

    code = "terminal_busy"


class TerminalTimeout(TerminalError):
    """The clock accepted the connection and then did not answer in time."""


class TerminalClosed(TerminalError):
    """The clock closed the connection, perhaps in the middle of an answer."""


class TerminalGarbled(TerminalError):
    """The clock answered with something that is not the protocol."""


class KeyRefused(TerminalError):
    """Answer 2005: the communication key is missing or wrong."""

    state = TerminalState.REFUSED
    code = "terminal_refused"


class Unsupported(TerminalError):
    """Answer 6001: new firmware that does not speak this protocol to strangers; push is the only road."""

    state = TerminalState.UNSUPPORTED
    code = "terminal_unsupported"


class SerialMismatch(TerminalError):
    """Another clock answers at this address: nothing of it may be read."""

    state = TerminalState.MISMATCH
    code = "terminal_mismatch"


class CommandRefused(TerminalError):
    """The clock is there and said no to one command (2001 and its relatives)."""

    state = TerminalState.ONLINE
    code = "terminal_refused_command"


class BackendUnavailable(Exception):
    """The back end could not be reached, failed, or answered nonsense: nothing may be acknowledged to a clock."""


class BackendRefused(Exception):
    """The back end said 403: it does not know this clock, or nobody has approved it yet."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail

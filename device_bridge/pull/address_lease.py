"""One conversation with a clock at a time, across every process of this machine.

A clock serves one session and starves a second client. Each organisation has one bridge, and its program lock keeps a
second one from starting beside it; this lease holds even where that lock does not reach: a bridge that is still going
down, one started by hand, two organisations that list one address. It is a Unix socket in the abstract namespace, named
after the clock's address: the kernel gives it to one process and takes it back when that process dies, however it dies,
so no lease is ever left behind and none expires under its holder. Only Linux has such names; elsewhere the program lock
alone holds. Processes in other network namespaces (pods) are kept apart by replacing, never overlapping, the bridge.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from device_bridge.errors import TerminalBusy
from foundation.addresses import Address


@contextmanager
def lease(address: Address, port: int) -> Iterator[None]:
    """Hold the right to talk to the clock there. Raises `TerminalBusy` when somebody else has it."""
    if sys.platform != "linux":
        yield
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as held:
        try:
            held.bind(f"\0punctual/clock/{address}/{port}".encode())
        except OSError as error:
            raise TerminalBusy(f"Another conversation with the clock at {address} port {port} is under way") from error
        yield

"""Opening a connection to a clock: which addresses may be dialled at all, and dialling without a thread."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Sequence
from typing import Literal

from device_bridge.errors import TerminalUnreachable
from device_bridge.terminal.wire import TcpWire, UdpWire
from foundation.addresses import Address, Network, device_address
from foundation.errors import Invalid

Transport = Literal["tcp", "udp", "auto"]


def permitted(text: str, networks: Sequence[Network]) -> Address:
    """The parsed address. Raises `TerminalUnreachable` for host names and for whatever lies outside our networks.

    Checked when it was entered too; checked here because an organisation's data is not ours.
    """
    try:
        return device_address(text, networks)
    except Invalid as error:
        message = f"{text!r} is not an IP address in the networks in which clocks may be dialled"
        raise TerminalUnreachable(message) from error


async def dial(address: Address, port: int, transport: Transport, seconds: float) -> TcpWire | UdpWire:
    """Connect within so many seconds, waiting in the event loop, so that a dead clock holds no thread.

    ``auto`` is TCP, then UDP when the clock is there but refuses TCP. Raises `TerminalUnreachable`.
    """
    if transport == "udp":
        return _datagrams(address, port)
    try:
        return TcpWire(await _stream(address, port, seconds))
    except TimeoutError as error:
        raise TerminalUnreachable(f"Nothing answers at {address} port {port} within {seconds:.0f} s") from error
    except OSError as error:
        if transport == "auto" and error.errno == errno.ECONNREFUSED:
            return _datagrams(address, port)
        reason = (error.strerror or str(error)).lower()
        raise TerminalUnreachable(f"No connection to {address} port {port}: {reason}") from error


def _family(address: Address) -> socket.AddressFamily:
    return socket.AF_INET6 if address.version == 6 else socket.AF_INET


async def _stream(address: Address, port: int, seconds: float) -> socket.socket:
    connecting = socket.socket(_family(address), socket.SOCK_STREAM)
    try:
        connecting.setblocking(False)
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _keep_alive(connecting)
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(connecting, (str(address), port))
    except BaseException:
        connecting.close()
        raise
    return connecting


def _keep_alive(connecting: socket.socket) -> None:
    """Notice within two minutes that a clock was unplugged while nobody punched."""
    connecting.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):
            connecting.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _datagrams(address: Address, port: int) -> UdpWire:
    connected = socket.socket(_family(address), socket.SOCK_DGRAM)
    connected.connect((str(address), port))
    return UdpWire(connected)

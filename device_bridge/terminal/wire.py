"""Transport of frames over a TCP stream or UDP datagrams, with a deadline for everything that is received."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import Protocol

from device_bridge.errors import TerminalClosed, TerminalTimeout
from device_bridge.terminal.frames import Frame, FrameBuffer, read_packet


class Deadline:
    """The end of a conversation. Every wait is the shorter of its own limit and what is left."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def wait(self, longest: float) -> float:
        """Seconds that may be waited now. Raises `TerminalTimeout` when none are left."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TerminalTimeout("The conversation with the clock took longer than it may")
        return min(longest, left)


class Wire(Protocol):
    """One open connection to a clock."""

    chunk_size: int

    def send(self, frame: Frame, wait: float) -> None:
        """Send one frame, waiting at most so many seconds for room."""

    def receive(self, wait: float) -> Frame:
        """The next frame. Raises `TerminalTimeout` after ``wait`` seconds of silence, `TerminalClosed` at the end."""

    def buffered(self) -> Frame | None:
        """A frame that has already arrived with an earlier one, without waiting."""

    def close(self) -> None:
        """Give the socket back; safe to call twice and from another thread."""


class _Socketed:
    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected

    def close(self) -> None:
        # Shutting down wakes a thread that waits in recv, which a bare close would not; it fails when nobody is there.
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _receive(self, size: int, wait: float) -> bytes:
        try:
            self.socket.settimeout(wait)
            return self.socket.recv(size)
        except TimeoutError as error:
            raise TerminalTimeout(f"The clock did not answer within {wait:.0f} s") from error
        except OSError as error:
            raise TerminalClosed(f"The connection to the clock broke: {error.strerror or error}") from error

    def _send(self, payload: bytes, wait: float) -> None:
        try:
            self.socket.settimeout(wait)
            self.socket.sendall(payload)
        except TimeoutError as error:
            raise TerminalTimeout("The clock takes no more data") from error
        except OSError as error:
            raise TerminalClosed(f"The connection to the clock broke: {error.strerror or error}") from error


class TcpWire(_Socketed):
    """Frames in a stream, whatever the pieces in which they arrive."""

    chunk_size = 65_472

    def __init__(self, connected: socket.socket) -> None:
        super().__init__(connected)
        self._buffer = FrameBuffer()

    def send(self, frame: Frame, wait: float) -> None:
        self._send(frame.stream(), wait)

    def receive(self, wait: float) -> Frame:
        end = time.monotonic() + wait
        while (frame := self._buffer.take()) is None:
            left = end - time.monotonic()
            if left <= 0:
                raise TerminalTimeout(f"The clock did not answer within {wait:.0f} s")
            piece = self._receive(65_536, left)
            if not piece:
                raise TerminalClosed("The clock closed the connection")
            self._buffer.feed(piece)
        return frame

    def buffered(self) -> Frame | None:
        return self._buffer.take()


class UdpWire(_Socketed):
    """One frame a datagram, from a connected socket, so that only the clock's own datagrams arrive."""

    chunk_size = 16_384

    def send(self, frame: Frame, wait: float) -> None:
        self._send(frame.packet(), wait)

    def receive(self, wait: float) -> Frame:
        end = time.monotonic() + wait
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise TerminalTimeout(f"The clock did not answer within {wait:.0f} s")
            frame = read_packet(self._receive(65_536, left))
            if frame is not None and frame.intact:
                return frame

    def buffered(self) -> Frame | None:
        return None

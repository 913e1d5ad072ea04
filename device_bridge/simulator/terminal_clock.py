"""A pull clock made of software: the device side of the 4370 protocol over TCP, or UDP.

As hardware does, it ignores packets with a bad checksum or a wrong session, wants the key before anything else, serves
one client at a time, and goes on working whatever a client does to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import cast

from device_bridge.simulator.memory import SimulatedPunch
from device_bridge.simulator.terminal_answers import TerminalAnswers
from device_bridge.simulator.terminal_records import packet_of
from device_bridge.simulator.terminal_session import TerminalSession
from device_bridge.simulator.terminal_unit import TerminalUnit
from device_bridge.terminal.frames import Frame, FrameBuffer, in_stream, read_packet

REBOOT_SECONDS = 1.0


class TerminalClock(TerminalUnit):
    """``await start()``, then it answers at ``port``; ``punch`` makes somebody punch; ``await stop()``.

    ``clock_offset`` is by how many seconds it goes wrong, ``zone`` the IANA zone its wall time is set to; ``faults``
    are what goes wrong besides (see `terminal_faults`), drawn from ``seed``, as is everything else by chance.
    ``cut_answer_after`` makes it drop the connection after so many bytes of the next bulk answer. ``somebody`` is who
    lays a finger on it when it asks for one. ``complaints`` lists what clients did that hardware would have ignored.
    """

    _session: TerminalSession | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one, see ``port``."""
        self._host = host
        if self.udp:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Datagrams(self), local_addr=(host, port)
            )
            self._datagrams = transport
            self.port = transport.get_extra_info("sockname")[1]
            return
        self._server = await asyncio.start_server(self._serve, host, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection, as a power cut would."""
        if self._changing is not None:
            self._changing.cancel()
            await asyncio.gather(self._changing, return_exceptions=True)
            self._changing = None
        await self._cut_off()

    async def _cut_off(self) -> None:
        self.stop_capture()
        if self._datagrams is not None:
            self._datagrams.close()
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        if self._server is not None:
            await self._server.wait_closed()
        await asyncio.gather(*self._serving, return_exceptions=True)
        self._server = self._datagrams = self._session = None

    async def _come_back(self) -> None:
        if self._plugged and self._server is None and self._datagrams is None:
            await self.start(self._host, self.port)

    def plug(self, plugged: bool) -> None:
        """Pull the network cable, which cuts every connection, or put it in again; people punch on meanwhile."""
        if plugged != self._plugged:
            self._plugged = plugged
            self.announce(f"{self.serial}: the cable is {'in' if plugged else 'out'}")
            self._change(self._come_back if plugged else self._cut_off)

    def reboot(self) -> None:
        """Cut every connection, be deaf for a second, and come back; what it remembers stays."""
        if self._changing is None or self._changing.done():
            self.reboots += 1
            self.announce(f"{self.serial}: restarts")
            self._change(self._reboot)

    async def _reboot(self) -> None:
        # What was answered already is on its way before the line is cut.
        await asyncio.sleep(0.05)
        await self._cut_off()
        self.disabled_until = None
        await asyncio.sleep(REBOOT_SECONDS)
        await self._come_back()

    def _change(self, work: Callable[[], Awaitable[None]]) -> None:
        """Let it happen behind what is happening already."""
        before = self._changing

        async def one_by_one() -> None:
            if before is not None:
                await asyncio.gather(before, return_exceptions=True)
            await work()

        self._changing = asyncio.get_running_loop().create_task(one_by_one(), name=f"change of {self.serial}")

    @property
    def connected(self) -> bool:
        """Whether a client holds the session."""
        return self._session is not None and self._session.open

    @property
    def listening(self) -> bool:
        """Whether the client has asked for live events."""
        return self._session is not None and self._session.open and bool(self._session.event_mask)

    def punch(self, pin: str, local_time: str | None = None, *, status: int = 0, verify: int = 1) -> SimulatedPunch:
        """Somebody punches: it goes to the log, and to the client at once if it asked for live events.

        A full log loses its oldest line, as the ring in a clock does.
        """
        line = SimulatedPunch(pin, local_time or self.local_time(), status, verify)
        self.log.append(line)
        del self.log[: -self.profile.log_capacity]
        self.announce(f"{self.serial}: {line.pin} punched at {line.local_time}, status {line.status}")
        if self._session is not None:
            self._session.tell(line)
        return line

    def new_session(self, session: TerminalSession) -> bool:
        """Whether this connection may have the session: hardware serves one client and starves the others."""
        # Over UDP nobody can be seen to leave, so the newest client is served.
        if not self.udp and self._session not in (None, session) and self.connected:
            self.complaints.append("a second client connected")
            return False
        self._session = session
        return True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = TerminalAnswers(self, self.new_session, lambda event: writer.write(in_stream(packet_of(event))))
        buffer = FrameBuffer()
        self._writers.add(writer)
        if (task := asyncio.current_task()) is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        try:
            while not session.over and (piece := await reader.read(65_536)):
                buffer.feed(piece)
                for frame in buffer:
                    if self.profile.answer_delay:
                        await asyncio.sleep(self.profile.answer_delay)
                    session.handle(frame)
                    await self._flush(session, writer)
        except ConnectionError:
            self.announce(f"{self.serial}: the client went away without a word")
        finally:
            session.end()
            self._writers.discard(writer)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _flush(self, session: TerminalSession, writer: asyncio.StreamWriter) -> None:
        packets = [in_stream(packet_of(frame)) for frame in session.collected()]
        answer = b"".join(packets)
        if not answer:
            return
        if self.cut_answer_after is not None and len(answer) > 1000:
            writer.write(answer[: self.cut_answer_after])
            self.cut_answer_after = None
            session.over = True
        elif fault := self.faults.strike():
            await self._go_wrong(fault, answer, session, writer)
        elif self.profile.dribble_bytes:
            for start in range(0, len(answer), self.profile.dribble_bytes):
                writer.write(answer[start : start + self.profile.dribble_bytes])
                await writer.drain()
                await asyncio.sleep(self.profile.packet_gap)
        elif len(packets) > 1 and self.profile.packet_gap:
            # The OK that ends a stream comes right behind its last packet: a client that has counted all the bytes
            # asks on at once, and would take a late OK for the answer to that.
            for packet in [*packets[:-2], b"".join(packets[-2:])]:
                writer.write(packet)
                await writer.drain()
                # Also behind the last one: a client may have asked for the next piece already.
                await asyncio.sleep(self.profile.packet_gap)
        else:
            writer.write(answer)
        await writer.drain()

    async def _go_wrong(
        self, fault: str, answer: bytes, session: TerminalSession, writer: asyncio.StreamWriter
    ) -> None:
        match fault:
            case "delay":
                await asyncio.sleep(self.faults.delay())
                writer.write(answer)
            case "garbage":
                writer.write(self.faults.garbage() + answer)
            case "checksum":
                writer.write(self.faults.damaged(answer))
            case "truncate":
                writer.write(answer[: len(answer) // 2])
                session.over = True
            case "reset":
                writer.transport.abort()
            case "reboot":
                self.reboot()
            case _:
                # Dropped: the client waits in vain.
                pass


class _Datagrams(asyncio.DatagramProtocol):
    """The same clock over UDP: one packet a datagram, one session an address."""

    def __init__(self, clock: TerminalClock) -> None:
        self._clock = clock
        self._sessions: dict[tuple[str, int], TerminalSession] = {}
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own datagram transport does not inherit from the class that describes it.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        frame = read_packet(data)
        if frame is None or self._transport is None:
            return
        transport = self._transport
        if addr not in self._sessions:
            self._sessions[addr] = TerminalAnswers(
                self._clock,
                self._clock.new_session,
                lambda event: transport.sendto(packet_of(event), addr),
                datagrams=True,
            )
        session = self._sessions[addr]
        session.handle(frame)
        if answers := session.collected():
            self._send(answers, addr, session)
        if session.over:
            self._sessions.pop(addr, None)

    def _send(self, answers: list[Frame], addr: tuple[str, int], session: TerminalSession) -> None:
        assert self._transport is not None, "something was received"
        packets = [packet_of(frame) for frame in answers]
        faults = self._clock.faults
        match faults.strike():
            case "delay":
                loop = asyncio.get_running_loop()
                for packet in packets:
                    loop.call_later(faults.delay(), self._late, packet, addr)
                return
            case "garbage":
                packets.insert(0, faults.garbage())
            case "checksum":
                packets[-1] = faults.damaged(packets[-1])
            case "truncate":
                packets[-1] = packets[-1][: len(packets[-1]) // 2]
            case "reset":
                session.end()
                return
            case "reboot":
                self._clock.reboot()
                return
            case "drop":
                return
        for packet in packets:
            self._transport.sendto(packet, addr)

    def _late(self, packet: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(packet, addr)

"""Pulling a log of 100,000 punches from a clock, beside a bare transfer of the same bytes through the same socket.

The simulated clock is a process of its own; the time it takes to answer is in both figures, as it is with a real clock
(which is far slower). Ours is what the bridge does: ask, frame, join, check every checksum, decode. The baseline sends
the same questions and receives the answers by ``recv`` alone. Peak memory is the reading process at its highest,
interpreter and imports included.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.simulator.terminal_clock import TerminalClock
from device_bridge.terminal.frames import Command, Frame
from device_bridge.terminal.logs import decode_log
from device_bridge.terminal.session import FramedSession
from device_bridge.terminal.sizes import decode_counts
from device_bridge.terminal.wire import TcpWire
from tests.bench.figure import Figure

RECORDS = 100_000
ROUNDS = 3
BUDGET_RATIO = 2.0
BUDGET_MB = 200.0
OVERHEAD = 3 * 16 + 8
"""Bytes of one piece besides its data: three frame heads (PREPARE_DATA, DATA, OK) and the two lengths."""


async def _clock() -> None:
    """Print the port, and be a clock until standard input ends."""
    log = [SimulatedPunch(str(number % 500 + 1), _moment(number), number % 2) for number in range(RECORDS)]
    clock = TerminalClock("BENCH", users=[SimulatedUser(str(number)) for number in range(1, 501)], log=log)
    # Without the pauses of hardware, which would flatter the ratio.
    clock.profile = replace(clock.profile, packet_gap=0)
    await clock.start()
    print(clock.port, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await clock.stop()


def _moment(number: int) -> str:
    days, minute = divmod(number, 1440)
    return f"2026-{days // 28 % 12 + 1:02d}-{days % 28 + 1:02d} {minute // 60:02d}:{minute % 60:02d}:00"


def _session(port: int) -> FramedSession:
    connected = socket.create_connection(("127.0.0.1", port))
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    session = FramedSession(TcpWire(connected), key=0, answer_seconds=30.0)
    session.begin(300.0)
    session.connect()
    return session


def read_decoded(port: int) -> float:
    """Seconds for the log as the bridge reads it."""
    session = _session(port)
    began = time.perf_counter()
    counts = decode_counts(session.command(Command.SIZES).data)
    log = decode_log(session.read_blob(Command.LOG_READ, 0), counts.punches, {})
    seconds = time.perf_counter() - began
    assert len(log.punches) == RECORDS
    session.disconnect()
    return seconds


def read_bare(port: int) -> float:
    """Seconds for the same bytes in the same pieces, received and joined, and nothing else."""
    session = _session(port)
    assert isinstance(session.wire, TcpWire)
    began = time.perf_counter()
    session.command(Command.SIZES)
    asked = session.command(Command.BUFFER_ASK, struct.pack("<bhii", 1, Command.LOG_READ, 0, 0))
    (size,) = struct.unpack_from("<I", asked.data, 1)
    received, reply = bytearray(), 2
    for start in range(0, size, session.wire.chunk_size):
        piece = min(session.wire.chunk_size, size - start)
        reply += 1
        session.wire.socket.sendall(
            Frame(Command.BUFFER_READ, session.session, reply, struct.pack("<ii", start, piece)).stream()
        )
        wanted = len(received) + piece + OVERHEAD
        while len(received) < wanted:
            received += session.wire.socket.recv(65_536)
    seconds = time.perf_counter() - began
    session.wire.socket.sendall(Frame(Command.EXIT, session.session, reply + 1).stream())
    session.wire.receive(10.0)
    session.wire.close()
    return seconds


def _peak_mb() -> float:
    # Not ru_maxrss: across fork and exec it remembers the parent's size.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found
    return int(found[1]) / 1024


def read(port: int) -> dict[str, float]:
    """The best of some rounds each, taken in turn, and the peak memory of this process."""
    read_bare(port)
    rounds = [(read_decoded(port), read_bare(port)) for _ in range(ROUNDS)]
    return {"decoded": min(each[0] for each in rounds), "bare": min(each[1] for each in rounds), "mb": _peak_mb()}


def _measure() -> dict[str, float]:
    clock = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.pull", "clock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert clock.stdout is not None
        port = clock.stdout.readline().strip()
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.pull", "read", port], stdout=subprocess.PIPE, check=True, timeout=300
        )
        result: dict[str, float] = json.loads(done.stdout)
        return result
    finally:
        clock.kill()
        clock.wait()


async def measure() -> list[Figure]:
    found = await asyncio.to_thread(_measure)
    return [
        Figure(
            what=f"log of {RECORDS:,} punches read from a clock and decoded",
            value=found["decoded"],
            unit="s",
            baseline=found["bare"],
            baseline_name="the same bytes received alone",
            budget=f"≤ {BUDGET_RATIO:.0f}x the baseline",
            within=lambda figure: (figure.ratio or 0) <= BUDGET_RATIO,
        ),
        Figure(
            what=f"peak memory of the process that reads {RECORDS:,} punches",
            value=found["mb"],
            unit="MB",
            baseline=None,
            baseline_name="",
            budget=f"≤ {BUDGET_MB:.0f} MB",
            within=lambda figure: figure.value <= BUDGET_MB,
        ),
    ]


if __name__ == "__main__":
    if sys.argv[1] == "clock":
        asyncio.run(_clock())
    else:
        print(json.dumps(read(int(sys.argv[2]))))

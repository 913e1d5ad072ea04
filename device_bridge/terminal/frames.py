"""Packets of the 4370 protocol and how to find them in a byte stream. Pure.

A packet is four little-endian 16-bit words (command, checksum, session id, reply id) and data; over TCP it follows the
magic ``50 50 82 7d`` and a 32-bit length. Sources: the protocol manual in fananimi/pyzk, and adrobinoga/zk-protocol.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = b"\x50\x50\x82\x7d"
HEADER = struct.Struct("<4H")
LONGEST_PACKET = 4 * 1024 * 1024
"""No clock sends packets near this size; a larger length means that we read it from the wrong place."""


class Command:
    """Numbers of the commands and answers that we use or simulate.

    9 has two meanings: in a buffered read it is the user list, by itself with a slot and a finger it is one template.
    """

    TEMPLATES_READ = 7
    USER_WRITE = 8
    USERS_READ = 9
    TEMPLATE_READ_RAW = 9
    TEMPLATE_WRITE = 10
    OPTION_READ = 11
    OPTION_WRITE = 12
    LOG_READ = 13
    DATA_CLEAR = 14
    LOG_CLEAR = 15
    USER_DELETE = 18
    TEMPLATE_DELETE = 19
    SIZES = 50
    VERIFY_START = 60
    ENROL_START = 61
    CAPTURE_CANCEL = 62
    STATE = 64
    PIN_WIDTH = 69
    TEMPLATE_STORE = 87
    TEMPLATE_READ = 88
    BULK_SAVE = 110
    BUFFER_CHECKSUM = 119
    TEMPLATE_DELETE_BY_PIN = 134
    TIME_GET = 201
    TIME_SET = 202
    EVENT = 500
    CONNECT = 1000
    EXIT = 1001
    ENABLE = 1002
    DISABLE = 1003
    RESTART = 1004
    REFRESH = 1013
    VERSION = 1100
    AUTHENTICATE = 1102
    PREPARE_DATA = 1500
    DATA = 1501
    FREE_DATA = 1502
    BUFFER_ASK = 1503
    BUFFER_READ = 1504
    OK = 2000
    ERROR = 2001
    UNAUTHORISED = 2005
    REFUSED_BY_FIRMWARE = 6001
    UNKNOWN = 65535


@dataclass(frozen=True, slots=True)
class Frame:
    """One packet. In a live event (command 500) ``session`` carries the event code instead."""

    command: int
    session: int
    reply: int
    data: bytes = b""
    intact: bool = True

    def packet(self) -> bytes:
        """The bytes as they travel in one UDP datagram."""
        bare = HEADER.pack(self.command, 0, self.session, self.reply) + self.data
        return HEADER.pack(self.command, checksum(bare), self.session, self.reply) + self.data

    def stream(self) -> bytes:
        """The bytes as they travel over TCP."""
        packet = self.packet()
        return MAGIC + struct.pack("<I", len(packet)) + packet


def checksum(packet: bytes) -> int:
    """Ones' complement of the folded sum of the 16-bit words, the checksum's own word taken as zero."""
    # Folding carries back in is the remainder by 65535, which big integers take in one pass without a list of words.
    number = int.from_bytes(packet, "little")
    folded = number % 0xFFFF
    return 0 if number and not folded else ~folded & 0xFFFF


def read_packet(packet: bytes) -> Frame | None:
    """The frame in a datagram or in the body of a TCP frame; `None` when it is too short to be one."""
    if len(packet) < HEADER.size:
        return None
    command, claimed, session, reply = HEADER.unpack_from(packet)
    data = bytes(packet[HEADER.size :])
    found = checksum(HEADER.pack(command, 0, session, reply) + data)
    return Frame(command, session, reply, data, intact=found == claimed)


class FrameBuffer:
    """Collects bytes as they come, in pieces of any size, and gives whole frames.

    Bytes that belong to no frame are skipped up to the next magic, so one stray byte does not end a conversation.
    """

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, piece: bytes) -> None:
        """Add what was received."""
        self._bytes += piece

    def __iter__(self) -> Iterator[Frame]:
        while (frame := self.take()) is not None:
            yield frame

    def take(self) -> Frame | None:
        """The next whole frame, or `None` until more bytes come."""
        while True:
            start = self._bytes.find(MAGIC)
            if start < 0:
                # The magic itself may be split: keep what could be its beginning.
                del self._bytes[: max(0, len(self._bytes) - len(MAGIC) + 1)]
                return None
            if start:
                del self._bytes[:start]
            if len(self._bytes) < 8:
                return None
            (length,) = struct.unpack_from("<I", self._bytes, 4)
            if not HEADER.size <= length <= LONGEST_PACKET:
                del self._bytes[: len(MAGIC)]
                continue
            if len(self._bytes) < 8 + length:
                return None
            frame = read_packet(bytes(self._bytes[8 : 8 + length]))
            del self._bytes[: 8 + length]
            return frame

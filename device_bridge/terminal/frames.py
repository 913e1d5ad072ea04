"""Packets of the 4370 protocol and how to find them in a byte stream. Pure.

A packet is four little-endian 16-bit words (command, checksum, session id, reply id) and data; over TCP it follows the
magic ``50 50 82 7d`` and a 32-bit length. Sources: the protocol manual in fananimi/pyzk, and adrobinoga/zk-protocol.
pyzk packs what the bridge sends; what is received is checked by `checksum`, because pyzk's takes seconds for a packet
of 64 KiB.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from pyzk2 import const

from device_bridge.pyzk_codec import pack_packet

MAGIC = struct.pack("<HH", const.MACHINE_PREPARE_DATA_1, const.MACHINE_PREPARE_DATA_2)
HEADER = struct.Struct("<4H")
LONGEST_PACKET = 4 * 1024 * 1024
"""No clock sends packets near this size; a larger length means that we read it from the wrong place."""


class Command(IntEnum):
    """Numbers of the commands and answers that we use or simulate: pyzk's, and three that it does not have.

    9 has two meanings: in a buffered read it is the user list, by itself with a slot and a finger it is one template.
    """

    TEMPLATES_READ = const.CMD_DB_RRQ
    USER_WRITE = const.CMD_USER_WRQ
    USERS_READ = const.CMD_USERTEMP_RRQ
    TEMPLATE_READ_RAW = const.CMD_USERTEMP_RRQ
    OPTION_READ = const.CMD_OPTIONS_RRQ
    OPTION_WRITE = const.CMD_OPTIONS_WRQ
    LOG_READ = const.CMD_ATTLOG_RRQ
    DATA_CLEAR = const.CMD_CLEAR_DATA
    LOG_CLEAR = const.CMD_CLEAR_ATTLOG
    USER_DELETE = const.CMD_DELETE_USER
    TEMPLATE_DELETE = const.CMD_DELETE_USERTEMP
    OPERATION_LOG_READ = const.CMD_OPLOG_RRQ
    SIZES = const.CMD_GET_FREE_SIZES
    VERIFY_START = const.CMD_STARTVERIFY
    CAPTURE_START = const.CMD_STARTENROLL
    CAPTURE_CANCEL = const.CMD_CANCELCAPTURE
    STATE = const.CMD_STATE_RRQ
    PIN_WIDTH = const.CMD_GET_PINWIDTH
    TEMPLATE_STORE = 87
    TEMPLATE_READ = const._CMD_GET_USERTEMP
    BULK_SAVE = const._CMD_SAVE_USERTEMPS
    BUFFER_CHECKSUM = 119
    TEMPLATE_DELETE_BY_PIN = const._CMD_DEL_USER_TEMP
    TIME_GET = const.CMD_GET_TIME
    TIME_SET = const.CMD_SET_TIME
    EVENT = const.CMD_REG_EVENT
    CONNECT = const.CMD_CONNECT
    EXIT = const.CMD_EXIT
    ENABLE = const.CMD_ENABLEDEVICE
    DISABLE = const.CMD_DISABLEDEVICE
    RESTART = const.CMD_RESTART
    REFRESH = const.CMD_REFRESHDATA
    VERSION = const.CMD_GET_VERSION
    AUTHENTICATE = const.CMD_AUTH
    PREPARE_DATA = const.CMD_PREPARE_DATA
    DATA = const.CMD_DATA
    FREE_DATA = const.CMD_FREE_DATA
    BUFFER_ASK = const._CMD_PREPARE_BUFFER
    BUFFER_READ = const._CMD_READ_BUFFER
    OK = const.CMD_ACK_OK
    ERROR = const.CMD_ACK_ERROR
    UNAUTHORISED = const.CMD_ACK_UNAUTH
    REFUSED_BY_FIRMWARE = 6001
    UNKNOWN = const.CMD_ACK_UNKNOWN


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
        return pack_packet(self.command, self.session, self.reply, self.data)

    def stream(self) -> bytes:
        """The bytes as they travel over TCP."""
        return in_stream(self.packet())


def in_stream(packet: bytes) -> bytes:
    """A packet as it travels over TCP."""
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

"""Packets and records as simulated pull clocks write them.

Only constants and the time codec are shared with the bridge: what packs the bridge's packets must not also pack those
that it receives, or a fault of pyzk's would agree with itself.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime

from device_bridge.pyzk_codec import encode_time
from device_bridge.records import LOCAL_TIME_FORMAT
from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.simulator.profiles import TerminalProfile
from device_bridge.terminal.frames import HEADER, Frame, checksum

WIDE_USER = struct.Struct("<HB8s24sI9s24s")
NARROW_USER = struct.Struct("<HB5s8sIxBHI")
NAMED_LOG = struct.Struct("<H24sBIB8s")
NUMBERED_LOG = struct.Struct("<IIBB2xI")
SLOT_LOG = struct.Struct("<HBIB")
LOG_TAIL = bytes.fromhex("00000000ff000000")
USER_CAPACITY, FINGER_CAPACITY = 10_000, 6_000


def packet_of(frame: Frame) -> bytes:
    """A packet of any size, with the reply id exactly as it was asked."""
    bare = HEADER.pack(frame.command, 0, frame.session, frame.reply) + frame.data
    return HEADER.pack(frame.command, checksum(bare), frame.session, frame.reply) + frame.data


def user_record(user: SimulatedUser, profile: TerminalProfile) -> bytes:
    """A person in 72 or 28 bytes. Names are cut by bytes, as clocks do it."""
    name = user.name.encode(profile.encoding, errors="replace")
    if profile.user_bytes == NARROW_USER.size:
        group, zones = user.access[0], int.from_bytes(user.access[1:3], "little")
        return NARROW_USER.pack(
            user.uid, user.privilege, user.password, name[:8], user.card, group, zones, int(user.pin)
        )
    return WIDE_USER.pack(user.uid, user.privilege, user.password, name[:23], user.card, user.access, user.pin.encode())


def read_user(record: bytes, profile: TerminalProfile) -> SimulatedUser:
    """A person as a client wrote them. Raises `struct.error` for a record of another size, as clocks answer 2001."""
    if profile.user_bytes == NARROW_USER.size:
        uid, flags, password, name, card, group, zones, number = NARROW_USER.unpack(record)
        pin, access = str(number), bytes((group,)) + zones.to_bytes(2, "little") + bytes(6)
    else:
        uid, flags, password, name, card, access, pin_field = WIDE_USER.unpack(record)
        pin = pin_field.split(b"\0", 1)[0].decode()
    return SimulatedUser(
        pin=pin,
        name=name.split(b"\0", 1)[0].decode(profile.encoding, errors="replace"),
        card=card,
        privilege=flags,
        uid=uid,
        password=password,
        access=access,
    )


def log_record(line: SimulatedPunch, uid: int, profile: TerminalProfile) -> bytes:
    """A punch in 8, 16, 40 or 49 bytes; ``uid`` is the slot of the person, 0 when nobody has one."""
    moment = encode_time(line.local_time)
    if profile.log_bytes == SLOT_LOG.size:
        return SLOT_LOG.pack(uid or int(line.pin), line.verify, moment, line.status)
    if profile.log_bytes == NUMBERED_LOG.size:
        return NUMBERED_LOG.pack(int(line.pin), moment, line.verify, line.status, 0)
    record = NAMED_LOG.pack(uid, line.pin.encode(), line.verify, moment, line.status, LOG_TAIL)
    return record.ljust(profile.log_bytes, b"\0")


def live_record(line: SimulatedPunch, profile: TerminalProfile) -> bytes:
    """A punch as an event, in one of the seven lengths."""
    moment = datetime.strptime(line.local_time, LOCAL_TIME_FORMAT).replace(tzinfo=UTC)
    six = bytes((moment.year % 100, moment.month, moment.day, moment.hour, moment.minute, moment.second))
    if profile.live_bytes in (10, 14):
        data = struct.pack("<HBB6s", int(line.pin) & 0xFFFF, line.verify, line.status, six)
    elif profile.live_bytes == 12:
        data = struct.pack("<IBB6s", int(line.pin), line.verify, line.status, six)
    else:
        data = struct.pack("<24sBB6s", line.pin.encode(), line.verify, line.status, six)
    return data.ljust(profile.live_bytes, b"\0")


def sizes_record(users: int, fingers: int, log: int, profile: TerminalProfile) -> bytes:
    """The answer to command 50 in 92, 80 or 4 bytes."""
    fields = [0] * 23
    fields[4], fields[6], fields[8] = users, fingers, log
    fields[14], fields[15], fields[16] = FINGER_CAPACITY, USER_CAPACITY, profile.log_capacity
    fields[17], fields[18], fields[19] = FINGER_CAPACITY - fingers, USER_CAPACITY - users, profile.log_capacity - log
    whole = struct.pack("<23i", *fields)
    return whole[: profile.sizes_bytes] if profile.sizes_bytes >= 80 else bytes(profile.sizes_bytes)


def sized(records: bytes) -> bytes:
    """A list as it is read in bulk: its size, then the records."""
    return struct.pack("<I", len(records)) + records

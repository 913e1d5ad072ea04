"""One client's session with a simulated pull clock: what is answered to each command."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from device_bridge.records import LOCAL_TIME_FORMAT
from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.terminal.comm_key import matches
from device_bridge.terminal.frames import Command, Frame
from device_bridge.terminal.times import decode_time, encode_time

if TYPE_CHECKING:
    from device_bridge.simulator.terminal_clock import TerminalClock

USER_RECORD = struct.Struct("<HB8s24sI9s24s")
LOG_RECORD = struct.Struct("<H24sBIB8s")
DIRECT_LIMIT = 1024
UDP_PACKET = 1024
USER_CAPACITY, LOG_CAPACITY, FINGER_CAPACITY = 10_000, 200_000, 6_000


class TerminalSession:
    """Frames in by `handle`; answers leave by ``write``, collected so that they coalesce as on hardware."""

    def __init__(self, clock: TerminalClock, write: Callable[[bytes], None], *, datagrams: bool = False) -> None:
        self._clock = clock
        self._write = write
        self._datagrams = datagrams
        self._answers: list[Frame] = []
        self._id = 0
        self._trusted = False
        self._blob = b""
        self._last_reply = 0
        self.open = False
        self.over = False
        self.event_mask = 0
        self._handlers: dict[int, Callable[[Frame], None]] = {
            Command.EXIT: self._exit,
            Command.ENABLE: self._enable,
            Command.DISABLE: self._disable,
            Command.RESTART: self._exit,
            Command.VERSION: lambda frame: self._ok(frame, self._clock.profile.firmware.encode() + b"\0"),
            Command.OPTION_READ: self._option,
            Command.SIZES: lambda frame: self._ok(frame, self._sizes()),
            Command.TIME_GET: lambda frame: self._ok(frame, struct.pack("<I", encode_time(self._clock.local_time()))),
            Command.TIME_SET: self._set_time,
            Command.PIN_WIDTH: lambda frame: self._ok(frame, b"\x09"),
            Command.EVENT: self._register,
            Command.BUFFER_ASK: self._ask_buffer,
            Command.BUFFER_READ: self._read_buffer,
            Command.USERS_READ: lambda frame: self._send_blob(frame, self._user_blob()),
            Command.LOG_READ: lambda frame: self._send_blob(frame, self._log_blob()),
            Command.FREE_DATA: self._free,
            Command.USER_WRITE: self._write_user,
            Command.USER_DELETE: self._delete_user,
            Command.LOG_CLEAR: self._clear_log,
        }
        for harmless in (Command.REFRESH, Command.OPTION_WRITE, Command.CAPTURE_CANCEL, Command.VERIFY_START):
            self._handlers[harmless] = self._ok

    def collected(self) -> bytes:
        """The answers so far as one piece of stream; as datagrams they are sent instead, and nothing is returned."""
        answers, self._answers = self._answers, []
        if self._datagrams:
            for frame in answers:
                self._write(frame.packet())
            return b""
        return b"".join(frame.stream() for frame in answers)

    def tell(self, punch: SimulatedPunch) -> None:
        """Send a live event, if the client asked for punches: the code stands in the session field, reply id 0."""
        if not (self.open and self.event_mask & 1):
            return
        moment = datetime.strptime(punch.local_time, LOCAL_TIME_FORMAT).replace(tzinfo=UTC)
        six = bytes((moment.year % 100, moment.month, moment.day, moment.hour, moment.minute, moment.second))
        data = struct.pack("<24sBB6s", punch.pin.encode(), punch.verify, punch.status, six)
        event = Frame(Command.EVENT, 1, 0, data)
        self._write(event.packet() if self._datagrams else event.stream())

    def handle(self, frame: Frame) -> None:
        """Answer one frame, or ignore it as hardware ignores packets that are not right."""
        if not frame.intact:
            self._clock.complaints.append(f"bad checksum in command {frame.command}")
            return
        if frame.command == Command.CONNECT:
            self._connect(frame)
            return
        if not self.open or frame.session != self._id:
            self._clock.complaints.append(f"command {frame.command} with session {frame.session}, not {self._id}")
            return
        if frame.command == Command.OK:
            # The client acknowledges an event.
            return
        if frame.reply != (self._last_reply + 1) % 65535 and frame.reply != (self._last_reply + 1) % 65536:
            self._clock.complaints.append(f"command {frame.command} with reply id {frame.reply}")
        self._last_reply = frame.reply
        if frame.command == Command.AUTHENTICATE:
            self._trusted = matches(frame.data, self._clock.comm_key, self._id)
            self._answer(frame, Command.OK if self._trusted else Command.UNAUTHORISED)
            return
        if not self._trusted:
            self._answer(frame, Command.UNAUTHORISED)
            return
        handler = self._handlers.get(frame.command)
        if handler is None:
            self._answer(frame, Command.UNKNOWN)
            return
        try:
            handler(frame)
        except (struct.error, ValueError, UnicodeDecodeError):
            self._answer(frame, Command.ERROR)

    def _answer(self, asked: Frame, command: int, data: bytes = b"") -> None:
        self._answers.append(Frame(command, self._id, asked.reply, data))

    def _ok(self, asked: Frame, data: bytes = b"") -> None:
        self._answer(asked, Command.OK, data)

    def _connect(self, frame: Frame) -> None:
        if self._clock.profile.refuses:
            self._answer(frame, Command.REFUSED_BY_FIRMWARE)
            return
        if not self._clock.new_session(self):
            return
        # A second CONNECT without EXIT gets the same session again.
        self._id = self._id or self._clock.new_session_id()
        self.open, self._last_reply = True, frame.reply
        self._trusted = not self._clock.comm_key
        self._answer(frame, Command.OK if self._trusted else Command.UNAUTHORISED)
        self._clock.announce(f"{self._clock.serial}: a client connected")

    def _exit(self, frame: Frame) -> None:
        self._ok(frame)
        self.open, self.over, self.event_mask = False, True, 0
        self._clock.announce(f"{self._clock.serial}: the client said goodbye")

    def _enable(self, frame: Frame) -> None:
        self._clock.disabled_until = None
        self._ok(frame)

    def _disable(self, frame: Frame) -> None:
        self._clock.disabled_until = float(struct.unpack("<I", frame.data)[0]) if frame.data else float("inf")
        self._ok(frame)

    def _option(self, frame: Frame) -> None:
        name = frame.data.split(b"\0", 1)[0].decode("ascii")
        options = {
            "~SerialNumber": self._clock.serial,
            "~DeviceName": "Simulated clock",
            "~Platform": self._clock.profile.platform,
            "~OEMVendor": "ZKTECO CO., LTD.",
            "~ZKFPVersion": "10",
            "~PIN2Width": "9",
            "~ExtendFmt": "0",
            "~UserExtFmt": "0",
            "MAC": "00:17:61:00:00:01",
        }
        if name in options:
            self._ok(frame, f"{name}={options[name]}".encode() + b"\0")
        else:
            self._answer(frame, Command.ERROR)

    def _sizes(self) -> bytes:
        users, log = len(self._clock.users), len(self._clock.log)
        fields = [0] * 23
        fields[4], fields[8] = users, log
        fields[14], fields[15], fields[16] = FINGER_CAPACITY, USER_CAPACITY, LOG_CAPACITY
        fields[17], fields[18], fields[19] = FINGER_CAPACITY, USER_CAPACITY - users, LOG_CAPACITY - log
        return struct.pack("<23i", *fields)

    def _set_time(self, frame: Frame) -> None:
        text = decode_time(struct.unpack("<I", frame.data)[0])
        if text is None:
            raise ValueError("no real date")
        wanted = datetime.strptime(text, LOCAL_TIME_FORMAT).replace(tzinfo=UTC)
        shown = datetime.strptime(self._clock.local_time(), LOCAL_TIME_FORMAT).replace(tzinfo=UTC)
        self._clock.clock_offset += (wanted - shown).total_seconds()
        self._clock.announce(f"{self._clock.serial}: the time was set to {text}")
        self._ok(frame)

    def _register(self, frame: Frame) -> None:
        (self.event_mask,) = struct.unpack("<I", frame.data[:4])
        self._ok(frame)

    def _user_blob(self) -> bytes:
        records = [
            USER_RECORD.pack(
                user.uid,
                user.privilege,
                user.password,
                user.name.encode()[:23],
                user.card,
                user.access,
                user.pin.encode(),
            )
            for user in self._clock.users.values()
        ]
        return _sized(b"".join(records))

    def _log_blob(self) -> bytes:
        users = self._clock.users
        tail = bytes.fromhex("00000000ff000000")
        records = [
            LOG_RECORD.pack(
                users[line.pin].uid if line.pin in users else 0,
                line.pin.encode(),
                line.verify,
                encode_time(line.local_time),
                line.status,
                tail,
            )
            for line in self._clock.log
        ]
        return _sized(b"".join(records))

    def _ask_buffer(self, frame: Frame) -> None:
        _, inner, _, _ = struct.unpack("<bhii", frame.data)
        if inner == Command.USERS_READ:
            blob = self._user_blob()
        elif inner == Command.LOG_READ:
            blob = self._log_blob()
        else:
            self._answer(frame, Command.ERROR)
            return
        self._clock.bulk_reads += 1
        if len(blob) <= DIRECT_LIMIT:
            self._answer(frame, Command.DATA, blob)
            return
        self._blob = blob
        self._ok(frame, struct.pack("<BIII", 0, len(blob), len(blob), 0x0023EFCD))

    def _read_buffer(self, frame: Frame) -> None:
        start, size = struct.unpack("<ii", frame.data)
        if start < 0 or size < 0 or start + size > len(self._blob):
            raise ValueError("outside the buffer")
        self._send_blob(frame, self._blob[start : start + size])

    def _send_blob(self, frame: Frame, blob: bytes) -> None:
        packet = UDP_PACKET if self._datagrams else self._clock.profile.packet_bytes
        self._answer(frame, Command.PREPARE_DATA, struct.pack("<II", len(blob), min(packet, 0x10000)))
        for start in range(0, len(blob), packet):
            self._answer(frame, Command.DATA, blob[start : start + packet])
        self._ok(frame)

    def _free(self, frame: Frame) -> None:
        self._blob = b""
        self._ok(frame)

    def _write_user(self, frame: Frame) -> None:
        uid, flags, password, name, card, access, pin = USER_RECORD.unpack(frame.data)
        user = SimulatedUser(
            pin=pin.split(b"\0", 1)[0].decode(),
            name=name.split(b"\0", 1)[0].decode(),
            card=card,
            privilege=flags,
            uid=uid,
            password=password,
            access=access,
        )
        known = self._clock.users.by_uid(uid)
        if known is not None and known.pin != user.pin:
            # The slot decides, not the PIN: this is how careless writers lose people.
            del self._clock.users[known.pin]
        self._clock.users.put(user)
        self._clock.announce(f"{self._clock.serial}: user {user.pin} ({user.name}) was written")
        self._ok(frame)

    def _delete_user(self, frame: Frame) -> None:
        (uid,) = struct.unpack("<H", frame.data[:2])
        user = self._clock.users.by_uid(uid)
        if user is None:
            self._answer(frame, Command.ERROR)
            return
        del self._clock.users[user.pin]
        self._clock.announce(f"{self._clock.serial}: user {user.pin} was deleted")
        self._ok(frame)

    def _clear_log(self, frame: Frame) -> None:
        self._clock.log.clear()
        self._clock.announce(f"{self._clock.serial}: the log was cleared")
        self._ok(frame)


def _sized(records: bytes) -> bytes:
    return struct.pack("<I", len(records)) + records

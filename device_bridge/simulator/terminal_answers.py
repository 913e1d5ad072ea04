"""What a simulated pull clock answers to each command, once a client is trusted."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from device_bridge.pyzk_codec import decode_time, encode_time
from device_bridge.records import LOCAL_TIME_FORMAT
from device_bridge.simulator.memory import SimulatedPunch
from device_bridge.simulator.terminal_fingers import FingerCapture, SimulatedFinger
from device_bridge.simulator.terminal_records import log_record, read_user, sized, sizes_record, user_record
from device_bridge.simulator.terminal_session import TerminalSession
from device_bridge.simulator.terminal_unit import TerminalUnit
from device_bridge.terminal.frames import Command, Frame, checksum

DIRECT_LIMIT = 1024
UDP_PACKET = 1024
IDLE, CAPTURING, BUSY = 0, 1, 4


class TerminalAnswers(TerminalSession):
    """A session with a handler for each command; `HANDLERS` says which. They raise `ValueError` or `struct.error` for
    what a clock answers 2001 to."""

    def __init__(
        self,
        clock: TerminalUnit,
        admit: Callable[[TerminalSession], bool],
        write: Callable[[Frame], None],
        *,
        datagrams: bool = False,
    ) -> None:
        super().__init__(clock, admit, write, datagrams=datagrams)
        self._blob = b""
        self._upload = bytearray()
        self._upload_size = 0

    def obey(self, frame: Frame) -> None:
        handler = HANDLERS.get(frame.command)
        if handler is None:
            self.answer(frame, Command.UNKNOWN)
        else:
            handler(self, frame)

    def _ok(self, asked: Frame, data: bytes = b"") -> None:
        self.answer(asked, Command.OK, data)

    # -- the clock as a whole ---------------------------------------------------------------------------------------

    def goodbye(self, frame: Frame) -> None:
        self._ok(frame)
        self.end()
        self._clock.announce(f"{self._clock.serial}: the client said goodbye")

    def restart(self, frame: Frame) -> None:
        if self._clock.profile.acknowledges_restart:
            self._ok(frame)
        self.end()
        self._clock.reboot()

    def enable(self, frame: Frame) -> None:
        self._clock.disabled_until = None
        self._ok(frame)

    def disable(self, frame: Frame) -> None:
        self._clock.disable(float(struct.unpack("<I", frame.data)[0]) if frame.data else float("inf"))
        self._ok(frame)

    def version(self, frame: Frame) -> None:
        self._ok(frame, self._clock.profile.firmware.encode() + b"\0")

    def option(self, frame: Frame) -> None:
        name = frame.data.split(b"\0", 1)[0].decode("ascii")
        if name in self._clock.options:
            self._ok(frame, f"{name}={self._clock.options[name]}".encode() + b"\0")
        else:
            self.answer(frame, Command.ERROR)

    def set_option(self, frame: Frame) -> None:
        name, equals, value = frame.data.split(b"\0", 1)[0].decode("ascii").partition("=")
        if not name or not equals or name == "~SerialNumber":
            raise ValueError("no option that may be set")
        self._clock.options[name] = value
        self._ok(frame)

    def sizes(self, frame: Frame) -> None:
        clock = self._clock
        self._ok(frame, sizes_record(len(clock.users), len(clock.fingers), len(clock.log), clock.profile))

    def state(self, frame: Frame) -> None:
        """The one answer that stands in the session field."""
        busy = BUSY if self._clock.disabled else IDLE
        self.answer_in_session(frame, CAPTURING if self._clock.capture else busy)

    def pin_width(self, frame: Frame) -> None:
        self._ok(frame, bytes((self._clock.profile.pin_width,)))

    def time(self, frame: Frame) -> None:
        self._ok(frame, struct.pack("<I", encode_time(self._clock.local_time())))

    def set_time(self, frame: Frame) -> None:
        text = decode_time(struct.unpack("<I", frame.data)[0])
        if text is None:
            raise ValueError("no real date")
        wanted = datetime.strptime(text, LOCAL_TIME_FORMAT).replace(tzinfo=UTC)
        shown = datetime.strptime(self._clock.local_time(), LOCAL_TIME_FORMAT).replace(tzinfo=UTC)
        self._clock.clock_offset += (wanted - shown).total_seconds()
        self._clock.announce(f"{self._clock.serial}: the time was set to {text}")
        self._ok(frame)

    def register(self, frame: Frame) -> None:
        (self.event_mask,) = struct.unpack("<I", frame.data[:4])
        self._ok(frame)

    def harmless(self, frame: Frame) -> None:
        self._ok(frame)

    # -- reading in bulk --------------------------------------------------------------------------------------------

    def _list(self, command: int) -> bytes:
        clock = self._clock
        if command == Command.USERS_READ:
            return sized(b"".join(user_record(user, clock.profile) for user in clock.users.values()))
        if command == Command.LOG_READ:
            return sized(b"".join(self._log_record(line) for line in clock.log))
        if command == Command.TEMPLATES_READ:
            return clock.fingers.blob()
        if command == Command.OPERATION_LOG_READ:
            return sized(b"")
        raise ValueError("no such list")

    def _log_record(self, line: SimulatedPunch) -> bytes:
        user = self._clock.users.get(line.pin)
        return log_record(line, user.uid if user else 0, self._clock.profile)

    def ask_buffer(self, frame: Frame) -> None:
        _, inner, _, _ = struct.unpack("<bhii", frame.data)
        blob = self._list(inner)
        self._clock.bulk_reads += 1
        if len(blob) <= DIRECT_LIMIT:
            self.answer(frame, Command.DATA, blob)
            return
        self._blob = blob
        self._ok(frame, struct.pack("<BIII", 0, len(blob), len(blob), 0x0023EFCD))

    def read_buffer(self, frame: Frame) -> None:
        start, size = struct.unpack("<ii", frame.data)
        if start < 0 or size < 0 or start + size > len(self._blob):
            raise ValueError("outside the buffer")
        self._send_blob(frame, self._blob[start : start + size])

    def _send_blob(self, frame: Frame, blob: bytes) -> None:
        packet = UDP_PACKET if self.datagrams else self._clock.profile.packet_bytes
        self.answer(frame, Command.PREPARE_DATA, struct.pack("<II", len(blob), min(packet, 0x10000)))
        for start in range(0, len(blob), packet):
            self.answer(frame, Command.DATA, blob[start : start + packet])
        self._ok(frame)

    def free(self, frame: Frame) -> None:
        self._blob = b""
        self._upload.clear()
        self._upload_size = 0
        self._ok(frame)

    def read_list(self, frame: Frame) -> None:
        self._send_blob(frame, self._list(frame.command))

    def users_or_template(self, frame: Frame) -> None:
        """9 with a slot and a finger is one template, otherwise it is the user list."""
        if len(frame.data) == 3:
            self._template(frame, b"")
        else:
            self.read_list(frame)

    # -- uploads ----------------------------------------------------------------------------------------------------

    def prepare(self, frame: Frame) -> None:
        self._upload.clear()
        (self._upload_size,) = struct.unpack_from("<I", frame.data)
        self._ok(frame)

    def piece(self, frame: Frame) -> None:
        if len(self._upload) + len(frame.data) > self._upload_size:
            raise ValueError("more than was announced")
        self._upload += frame.data
        self._ok(frame)

    def upload_checksum(self, frame: Frame) -> None:
        self._ok(frame, struct.pack("<I", checksum(bytes(self._upload))))

    def _uploaded(self) -> bytes:
        if not self._upload or len(self._upload) != self._upload_size:
            raise ValueError("the upload is not complete")
        return bytes(self._upload)

    def bulk_save(self, frame: Frame) -> None:
        if not self._clock.profile.uploads:
            self.answer(frame, Command.UNKNOWN)
            return
        if struct.unpack("<IHH", frame.data) != (12, 0, 8):
            raise ValueError("not the usual upload")
        self._clock.fingers.take_upload(self._uploaded(), self._clock.users, self._clock.profile)
        self._clock.announce(f"{self._clock.serial}: people and fingers were written")
        self._ok(frame)

    def store_template(self, frame: Frame) -> None:
        uid, finger, flag, size = struct.unpack("<HBBH", frame.data)
        data = self._uploaded()
        if size != len(data) or finger > 9 or self._clock.users.by_uid(uid) is None:
            raise ValueError("a finger of nobody, or not of this size")
        self._clock.fingers[uid, finger] = SimulatedFinger(data, flag)
        self._clock.announce(f"{self._clock.serial}: finger {finger} of slot {uid} was written")
        self._ok(frame)

    # -- people and fingers -----------------------------------------------------------------------------------------

    def write_user(self, frame: Frame) -> None:
        user = read_user(frame.data, self._clock.profile)
        known = self._clock.users.by_uid(user.uid)
        if known is not None and known.pin != user.pin:
            # The slot decides, not the PIN: this is how careless writers lose people.
            del self._clock.users[known.pin]
        self._clock.users.put(user)
        self._clock.announce(f"{self._clock.serial}: user {user.pin} ({user.name}) was written")
        self._ok(frame)

    def delete_user(self, frame: Frame) -> None:
        (uid,) = struct.unpack("<H", frame.data[:2])
        user = self._clock.users.by_uid(uid)
        if user is None:
            raise ValueError("nobody is in that slot")
        del self._clock.users[user.pin]
        self._clock.fingers.forget(uid)
        self._clock.announce(f"{self._clock.serial}: user {user.pin} was deleted")
        self._ok(frame)

    def read_template(self, frame: Frame) -> None:
        self._template(frame, b"\0")

    def _template(self, frame: Frame, behind: bytes) -> None:
        uid, finger = struct.unpack("<HB", frame.data)
        found = self._clock.fingers.get((uid, finger))
        if found is None:
            raise ValueError("no such finger")
        data = found.data + behind
        if len(data) <= DIRECT_LIMIT:
            self.answer(frame, Command.DATA, data)
        else:
            self._send_blob(frame, data)

    def delete_template(self, frame: Frame) -> None:
        uid, finger = struct.unpack("<HB", frame.data)
        if self._clock.fingers.pop((uid, finger), None) is None:
            raise ValueError("no such finger")
        self._ok(frame)

    def delete_template_by_pin(self, frame: Frame) -> None:
        if not self._clock.profile.uploads:
            self.answer(frame, Command.UNKNOWN)
            return
        field, finger = struct.unpack("<24sB", frame.data)
        user = self._clock.users.get(field.split(b"\0", 1)[0].decode())
        if user is None or self._clock.fingers.pop((user.uid, finger), None) is None:
            raise ValueError("no such finger")
        self._ok(frame)

    def clear_log(self, frame: Frame) -> None:
        self._clock.log.clear()
        self._clock.announce(f"{self._clock.serial}: the log was cleared")
        self._ok(frame)

    def clear_data(self, frame: Frame) -> None:
        """1 log, 2 fingers, 4 operations, 5 people; without a number everything, which is why nobody sends it."""
        what = frame.data[0] if frame.data else 0
        if what in (0, 1):
            self._clock.log.clear()
        if what in (0, 2, 5):
            self._clock.fingers.clear()
        if what in (0, 5):
            self._clock.users.clear()
        self._clock.announce(f"{self._clock.serial}: data of kind {what or 'all'} was cleared")
        self._ok(frame)

    # -- capture ----------------------------------------------------------------------------------------------------

    def start_capture(self, frame: Frame) -> None:
        if len(frame.data) >= 26:
            field, finger, _ = struct.unpack_from("<24sBB", frame.data)
            pin = field.split(b"\0", 1)[0].decode()
        else:
            number, finger = struct.unpack("<IB", frame.data)
            pin = str(number)
        user = self._clock.users.get(pin)
        if user is None or finger > 9 or self._clock.capture is not None:
            raise ValueError("nobody of that PIN, no such finger, or a capture is under way")
        uid = user.uid

        def done(template: bytes | None) -> None:
            self._clock.capture = None
            if template is not None:
                self._clock.fingers[uid, finger] = SimulatedFinger(template)
                self._clock.announce(f"{self._clock.serial}: finger {finger} of {pin} was captured")

        self._ok(frame)
        self._clock.capture = FingerCapture(
            pin,
            finger,
            self._clock.somebody,
            self._clock.chance,
            touch_seconds=self._clock.touch_seconds,
            tell=self.event,
            done=done,
        )
        self._clock.announce(f"{self._clock.serial}: lay finger {finger} of {pin} on the sensor, three times")

    def cancel(self, frame: Frame) -> None:
        self._clock.stop_capture()
        self._ok(frame)


Handler = Callable[[TerminalAnswers, Frame], None]
HANDLERS: Mapping[int, Handler] = {
    Command.TEMPLATES_READ: TerminalAnswers.read_list,
    Command.USER_WRITE: TerminalAnswers.write_user,
    Command.USERS_READ: TerminalAnswers.users_or_template,
    Command.OPTION_READ: TerminalAnswers.option,
    Command.OPTION_WRITE: TerminalAnswers.set_option,
    Command.LOG_READ: TerminalAnswers.read_list,
    Command.DATA_CLEAR: TerminalAnswers.clear_data,
    Command.LOG_CLEAR: TerminalAnswers.clear_log,
    Command.USER_DELETE: TerminalAnswers.delete_user,
    Command.TEMPLATE_DELETE: TerminalAnswers.delete_template,
    Command.SIZES: TerminalAnswers.sizes,
    Command.VERIFY_START: TerminalAnswers.harmless,
    Command.CAPTURE_START: TerminalAnswers.start_capture,
    Command.CAPTURE_CANCEL: TerminalAnswers.cancel,
    Command.STATE: TerminalAnswers.state,
    Command.PIN_WIDTH: TerminalAnswers.pin_width,
    Command.TEMPLATE_STORE: TerminalAnswers.store_template,
    Command.TEMPLATE_READ: TerminalAnswers.read_template,
    Command.BULK_SAVE: TerminalAnswers.bulk_save,
    Command.BUFFER_CHECKSUM: TerminalAnswers.upload_checksum,
    Command.TEMPLATE_DELETE_BY_PIN: TerminalAnswers.delete_template_by_pin,
    Command.TIME_GET: TerminalAnswers.time,
    Command.TIME_SET: TerminalAnswers.set_time,
    Command.EVENT: TerminalAnswers.register,
    Command.EXIT: TerminalAnswers.goodbye,
    Command.ENABLE: TerminalAnswers.enable,
    Command.DISABLE: TerminalAnswers.disable,
    Command.RESTART: TerminalAnswers.restart,
    Command.REFRESH: TerminalAnswers.harmless,
    Command.VERSION: TerminalAnswers.version,
    Command.PREPARE_DATA: TerminalAnswers.prepare,
    Command.DATA: TerminalAnswers.piece,
    Command.FREE_DATA: TerminalAnswers.free,
    Command.BUFFER_ASK: TerminalAnswers.ask_buffer,
    Command.BUFFER_READ: TerminalAnswers.read_buffer,
}

"""What the bridge asks of a pull clock, as typed calls over a `FramedSession`. Blocking: it runs in a worker thread.

Nothing here opens a door or runs anything on the clock. The log is cleared by `clear_log` alone, when its count is what
the caller says.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from pyzk2 import const

from device_bridge.errors import CommandRefused, SerialMismatch, TerminalClosed, TerminalError, TerminalTimeout
from device_bridge.pyzk_codec import decode_time, encode_time
from device_bridge.records import ClockUser, Counts, DeviceInfo
from device_bridge.terminal.capture import FINGER_STORED, Capture
from device_bridge.terminal.fingers import Fingers, Place
from device_bridge.terminal.frames import Command
from device_bridge.terminal.logs import DecodedLog, decode_log
from device_bridge.terminal.session import FramedSession, LiveEvent
from device_bridge.terminal.sizes import decode_counts
from device_bridge.terminal.templates import ClockTemplate, DecodedTemplates
from device_bridge.terminal.users import StoredUser, UserTable, decode_users, encode_user, free_uid, kept_name
from device_bridge.terminal.wire import UdpWire, Wire

USUAL_EVENTS = const.EF_ATTLOG | FINGER_STORED
DISABLED_SECONDS = 60
CLEARING_SECONDS = 20
OPTIONS = {
    "name": "~DeviceName",
    "platform": "~Platform",
    "vendor": "~OEMVendor",
    "mac": "MAC",
    "fingerprint_algorithm": "~ZKFPVersion",
    "face_algorithm": "ZKFaceVersion",
    "pin_width": "~PIN2Width",
}


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """What became of people written to a clock. Only what the clock showed when read again counts as done."""

    table: UserTable
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    problems: dict[str, str] = field(default_factory=dict)


class TerminalClient:
    """One conversation with one clock. Every failure is a `TerminalError`."""

    def __init__(self, wire: Wire, *, key: int, answer_seconds: float, encoding: str) -> None:
        self._session = FramedSession(wire, key=key, answer_seconds=answer_seconds)
        self._encoding = usable_encoding(encoding)
        self._wire = wire
        self._fingers = Fingers(self._session, encoding)
        self.capture = Capture(self._session, self._fingers, self.register_events, datagrams=isinstance(wire, UdpWire))

    def greet(self) -> None:
        """Send the first packet of `connect`; it waits for nothing, so it may be called in the event loop."""
        self._session.greet()

    def begin(self, seconds: float) -> None:
        """What follows must be over in so many seconds."""
        self._session.begin(seconds)

    def connect(self, expected_serial: str) -> None:
        """Open the session and make sure that it is the right clock, before anything else is read.

        Raises `SerialMismatch` when another clock answers at this address.
        """
        self._session.connect()
        found = self._option("~SerialNumber")
        if found != expected_serial:
            raise SerialMismatch(
                f"The clock at this address says it is {found or 'without a serial number'}, not {expected_serial}: "
                "nothing was read from it"
            )
        # Somebody may have died while this clock was disabled, or stood waiting for a finger.
        self._session.ask(Command.ENABLE)

    def close(self) -> None:
        """Say goodbye if the clock still listens; never raises."""
        try:
            self._session.begin(1.0)
            self._session.disconnect()
        except TerminalError:
            # It is gone already, and the socket is closed either way.
            pass

    def abort(self) -> None:
        """Close the socket under a thread that waits on it. The only call that another thread may make."""
        self._wire.close()

    def _option(self, name: str) -> str:
        answer = self._session.ask(Command.OPTION_READ, name.encode() + b"\0")
        if answer.command != Command.OK:
            return ""
        value = answer.data.split(b"\0", 1)[0].partition(b"=")[2]
        return value.decode("utf-8", errors="replace").strip(" =")

    def info(self, serial: str) -> DeviceInfo:
        """What the clock says of itself; options it does not know are left out."""
        details = {label: value for label, option in OPTIONS.items() if (value := self._option(option))}
        version = self._session.ask(Command.VERSION)
        if version.command == Command.OK:
            details["firmware"] = version.data.split(b"\0", 1)[0].decode("utf-8", errors="replace")
        return DeviceInfo(serial, details)

    def counts(self) -> Counts:
        """How many people and punches the clock holds."""
        return decode_counts(self._session.command(Command.SIZES).data)

    def local_time(self) -> str | None:
        """The clock's wall time as text, `None` when it shows no real date."""
        data = self._session.command(Command.TIME_GET).data
        return decode_time(struct.unpack_from("<I", data)[0]) if len(data) >= 4 else None

    def set_local_time(self, local_text: str) -> None:
        """Set the wall time; ``local_text`` is ``YYYY-MM-DD HH:MM:SS`` in the clock's own zone."""
        self._session.command(Command.TIME_SET, struct.pack("<I", encode_time(local_text)))

    def restart(self, patience: float = 2.0) -> None:
        """Restart the clock. Many say nothing to that; the connection is of no use afterwards."""
        self._session.tell(Command.RESTART)
        with suppress(TerminalTimeout, TerminalClosed):
            self._wire.receive(patience)

    def clear_log(self, expected: int) -> tuple[int | None, int | None]:
        """Clear the log if it holds exactly so many punches: how many there were, and how many there are now.

        Nobody can punch between the count and the clearing. A clock that does not say its count is left alone, and
        so is one with another count: the second number is then `None`.
        """
        with self.disabled(CLEARING_SECONDS):
            before = self.counts().punches
            if before is None or before != expected:
                return before, None
            self._session.command(Command.LOG_CLEAR)
            self._session.ask(Command.REFRESH)
            return before, self.counts().punches

    def templates(self, counts: Counts, table: UserTable) -> DecodedTemplates:
        """All fingerprints on the clock; ``table`` says whose they are."""
        return self._fingers.read(counts, table)

    def write_templates(self, table: UserTable, templates: Sequence[ClockTemplate]) -> dict[Place, str]:
        """Write fingerprints; whatever is not in the answer was read back byte for byte."""
        with self.disabled():
            return self._fingers.write(table, templates)

    def delete_templates(self, table: UserTable, targets: Sequence[tuple[StoredUser, int]]) -> set[Place]:
        """Delete fingerprints; returns those that the clock still shows."""
        with self.disabled():
            return self._fingers.delete(table, targets)

    def users(self, counts: Counts) -> UserTable:
        """Everybody on the clock. An empty table proves nothing: some firmware fails that way.

        A clock that refuses the question has its punches read without it.
        """
        try:
            blob = self._session.read_blob(Command.USERS_READ, const.FCT_USER)
        except CommandRefused:
            blob = b""
        return decode_users(blob, counts.users, self._encoding)

    def log(self, counts: Counts, table: UserTable) -> DecodedLog:
        """The whole log: there is no date filter on the wire."""
        blob = self._session.read_blob(Command.LOG_READ, 0)
        return decode_log(blob, counts.punches, table.pins_by_uid())

    @contextmanager
    def disabled(self, seconds: int = DISABLED_SECONDS) -> Iterator[None]:
        """Keep people from punching while users are written. The clock frees itself after ``seconds`` if we die."""
        self._session.command(Command.DISABLE, struct.pack("<I", seconds))
        try:
            yield
        finally:
            self._session.command(Command.ENABLE)

    def write_users(
        self, counts: Counts, table: UserTable, wanted: Iterable[ClockUser], remove: Iterable[str]
    ) -> WriteOutcome:
        """Make people as wanted and take people off, then read everybody again: an OK alone proves nothing.

        Slots come from ``table``, which must have been read in this session. What a person's record holds besides
        name, card and privilege (password, group, time zones) stays as it is.
        """
        wanted, remove = list(wanted), list(remove)
        changes = [user for user in wanted if not self._shows(table, user)]
        leaving = [pin for pin in remove if pin in table.users]
        problems: dict[str, str] = {}
        after = table
        if changes or leaving:
            if not table.users and counts.users != 0:
                # Slot 1 may be somebody's: a clock that hides its people would have one of them overwritten.
                reason = "the clock does not show who is on it, so nobody was written to it"
                return WriteOutcome(table, problems=dict.fromkeys([*(user.pin for user in changes), *leaving], reason))
            with self.disabled():
                self._write_each(table, changes, problems)
                for pin in leaving:
                    self._try(problems, pin, Command.USER_DELETE, struct.pack("<H", table.users[pin].uid))
                self._session.command(Command.REFRESH)
            after = self.users(self.counts())
        for user in changes:
            if user.pin not in problems and not self._shows(after, user):
                problems[user.pin] = "the clock accepted this person but does not show them; it may need a restart"
        for pin in leaving:
            if pin not in problems and pin in after.users:
                problems[pin] = "the clock agreed to delete this person but still shows them"
        # An empty list is no proof of absence unless we ourselves deleted everybody who was on it.
        absent_known = bool(after.users) or set(leaving) == set(table.users)
        return WriteOutcome(
            after,
            written=tuple(user.pin for user in wanted if user.pin not in problems),
            removed=tuple(pin for pin in remove if absent_known and pin not in problems and pin not in after.users),
            problems=problems,
        )

    def _write_each(self, table: UserTable, changes: list[ClockUser], problems: dict[str, str]) -> None:
        taken = {stored.uid for stored in table.users.values()}
        for user in changes:
            known = table.users.get(user.pin)
            try:
                stored = replace(known, user=user) if known else StoredUser(free_uid(taken), user)
                record = encode_user(stored, table.form, self._encoding)
            except (ValueError, LookupError) as error:
                problems[user.pin] = str(error)
                continue
            taken.add(stored.uid)
            self._try(problems, user.pin, Command.USER_WRITE, record)

    def _try(self, problems: dict[str, str], pin: str, command: int, data: bytes) -> None:
        try:
            self._session.command(command, data)
        except CommandRefused as error:
            problems[pin] = str(error)

    def _shows(self, table: UserTable, user: ClockUser) -> bool:
        stored = table.users.get(user.pin)
        if stored is None:
            return False
        name = kept_name(user.name, self._encoding, table.form).strip()
        return stored.user == replace(user, name=name)

    def register_events(self) -> bool:
        """From now on the clock tells at once of each punch and each new finger; False when it can't.

        A hint only: the log and the counts are the truth.
        """
        return self._session.ask(Command.EVENT, struct.pack("<I", USUAL_EVENTS)).command == Command.OK

    def take_events(self, wait: float) -> list[LiveEvent]:
        """What the clock told of since the last call; see `FramedSession.take_events`."""
        return self._session.take_events(wait)


def usable_encoding(name: str) -> str:
    """The name of a code page for names. Raises `TerminalError` for none, and for one that does not contain ASCII."""
    try:
        if "A".encode(name, errors="replace") == b"A" and "\0".encode(name, errors="replace") == b"\0":
            return name
    except (LookupError, UnicodeError, ValueError):
        pass
    raise TerminalError(f"{name!r} is no code page for names such as UTF-8, gb2312 or windows-1256")

"""Fingerprints over an open session: read all or one, write with read-back, delete. Blocking."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

from pyzk2 import const

from device_bridge.errors import CommandRefused
from device_bridge.quirks import UserRecord
from device_bridge.records import Counts
from device_bridge.terminal.frames import Command
from device_bridge.terminal.session import FramedSession
from device_bridge.terminal.templates import (
    GOOD,
    ClockTemplate,
    DecodedTemplates,
    decode_templates,
    encode_bulk,
    shows,
    without_trailing,
)
from device_bridge.terminal.users import StoredUser, UserTable, encode_user

BULK = 20
"""How many templates go in one upload: when a clock refuses it, that many are tried singly."""

Place = tuple[int, int]
"""A slot and a finger."""


class Fingers:
    """The fingerprints of the clock at the other end. Nothing here puts a template into an error or a log."""

    def __init__(self, session: FramedSession, encoding: str) -> None:
        self._session = session
        self._encoding = encoding
        self._single_reads = True

    def read(self, counts: Counts, table: UserTable) -> DecodedTemplates:
        """All templates, in bulk, or one by one from a clock that refuses that and says how many there are."""
        expected = counts.details.get("fingers")
        if expected == 0:
            return DecodedTemplates(())
        try:
            return decode_templates(self._session.read_blob(Command.TEMPLATES_READ, const.FCT_FINGERTMP))
        except CommandRefused:
            if expected is None:
                return DecodedTemplates(())
        found: list[ClockTemplate] = []
        for stored in table.users.values():
            for finger in range(10):
                if len(found) == expected:
                    return DecodedTemplates(tuple(found))
                data, extra = self._single(stored.uid, finger)
                if data is not None:
                    found.append(ClockTemplate(stored.uid, finger, GOOD, without_trailing(data, extra)))
        return DecodedTemplates(tuple(found))

    def one(self, uid: int, finger: int) -> bytes | None:
        """A single template with what the clock puts behind it, see `shows`; `None` when there is none.

        Raises `CommandRefused` when this clock cannot be asked for one.
        """
        return self._single(uid, finger)[0]

    def write(self, table: UserTable, templates: Sequence[ClockTemplate]) -> dict[Place, str]:
        """Write templates of people who are on the clock; what is missing from the answer was read back whole.

        The bulk upload has no place for the duress mark, so fingers with a mark travel one by one, and so does
        whatever an upload did not bring. Call it while the clock is disabled.
        """
        people = {stored.uid: stored for stored in table.users.values()}
        problems: dict[Place, str] = {}
        plain = [template for template in templates if template.flag == GOOD]
        singly = [template for template in templates if template.flag != GOOD]
        for start in range(0, len(plain), BULK):
            part = plain[start : start + BULK]
            if not self._write_bulk(part, people, table.form):
                singly += part
        self._refresh()
        sent = [template for template in plain if template not in singly]
        singly += self._missing(sent)
        for template in singly:
            self._write_one(template, problems)
        if singly:
            self._refresh()
        for template in self._missing(singly):
            problems.setdefault(
                (template.uid, template.finger),
                "the clock accepted this finger but does not show it as it was sent; its format may be another",
            )
        return problems

    def delete(self, table: UserTable, targets: Iterable[tuple[StoredUser, int]]) -> set[Place]:
        """Delete fingers; returns those that the clock still shows afterwards."""
        places = [(stored, finger) for stored, finger in targets]
        for stored, finger in places:
            self._delete_one(stored, finger, by_pin=not table.form.numeric_pin)
        self._refresh()
        left = self._shown([(stored.uid, finger) for stored, finger in places])
        return {place for place, data in left.items() if data is not None}

    def _single(self, uid: int, finger: int) -> tuple[bytes | None, int]:
        where = struct.pack("<HB", uid, finger)
        if self._single_reads:
            try:
                return self._session.one_answer(Command.TEMPLATE_READ, where), 1
            except CommandRefused:
                self._single_reads = False
        return self._session.one_answer(Command.TEMPLATE_READ_RAW, where), 0

    def _shown(self, places: Iterable[Place]) -> dict[Place, bytes | None]:
        """What the clock shows at these places."""
        places = list(places)
        try:
            return {place: self.one(*place) for place in places}
        except CommandRefused:
            blob = self._session.read_blob(Command.TEMPLATES_READ, const.FCT_FINGERTMP)
            found = {(each.uid, each.finger): each.data for each in decode_templates(blob).templates}
            return {place: found.get(place) for place in places}

    def _missing(self, wanted: Sequence[ClockTemplate]) -> list[ClockTemplate]:
        """Those that the clock does not show byte for byte, and with their mark where it has one."""
        if not wanted:
            return []
        if any(template.flag != GOOD for template in wanted):
            try:
                blob = self._session.read_blob(Command.TEMPLATES_READ, const.FCT_FINGERTMP)
            except CommandRefused:
                return list(wanted)
            there = set(decode_templates(blob).templates)
            return [template for template in wanted if template not in there]
        shown = self._shown((template.uid, template.finger) for template in wanted)
        return [each for each in wanted if not shows(shown[each.uid, each.finger], each.data)]

    def _write_bulk(
        self, templates: Sequence[ClockTemplate], people: Mapping[int, StoredUser], form: UserRecord
    ) -> bool:
        records = [encode_user(people[uid], form, self._encoding) for uid in {each.uid for each in templates}]
        try:
            self._session.upload(encode_bulk(records, templates))
            self._session.command(Command.BULK_SAVE, struct.pack("<IHH", 12, 0, 8))
        except CommandRefused:
            return False
        return True

    def _write_one(self, template: ClockTemplate, problems: dict[Place, str]) -> None:
        size = len(template.data)
        try:
            self._session.upload(template.data)
            # The clock's checksum of what it received; its algorithm is nobody's knowledge, the read-back proves more.
            self._session.ask(Command.BUFFER_CHECKSUM)
            self._session.command(
                Command.TEMPLATE_STORE, struct.pack("<HBBH", template.uid, template.finger, template.flag, size)
            )
        except CommandRefused as error:
            problems[template.uid, template.finger] = str(error)
        self._session.ask(Command.FREE_DATA)

    def _delete_one(self, stored: StoredUser, finger: int, *, by_pin: bool) -> None:
        """The newer command names the PIN, the older one the slot. "No such finger" is as good as done."""
        if by_pin:
            named = struct.pack("<24sB", stored.user.pin.encode(), finger)
            if self._session.ask(Command.TEMPLATE_DELETE_BY_PIN, named).command == Command.OK:
                return
        self._session.ask(Command.TEMPLATE_DELETE, struct.pack("<HB", stored.uid, finger))

    def _refresh(self) -> None:
        self._session.ask(Command.REFRESH)

"""What a simulated access-control unit says: Security PUSH 3.x.

It registers, asks for its configuration and the time, reports people as a table and passes as events, and takes
commands that name tables. Whoever is added must also be given the right to pass, as on hardware.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from device_bridge.pyzk_codec import encode_time
from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.simulator.push_attendance import options_text
from device_bridge.simulator.push_commands import (
    BAD_PARAMETER,
    CAPTURES,
    DONE,
    NO_SUCH_PIN,
    NOT_SUPPORTED,
    fields_of,
)
from device_bridge.simulator.push_line import Refused
from device_bridge.simulator.push_templates import SimulatedTemplate, access_row, removed, taken
from device_bridge.simulator.push_unit import PushUnit

LONGEST_CODE = 32
NO_DIRECTION = 2


class AccessDialect:
    """See `device_bridge.simulator.push_clock.Dialect`."""

    def __init__(self, clock: PushUnit) -> None:
        self._clock = clock
        self._code = ""

    async def greet(self) -> dict[str, str]:
        clock, serial = self._clock, {"SN": self._clock.serial}
        query = serial | {"options": "all", "pushver": clock.profile.version, "DeviceType": "acc", "language": "69"}
        answer = await clock.line.get("/iclock/cdata", query)
        clock.date_header = answer.date
        if answer.text.startswith("registry=ok"):
            options = _options(answer.text)
            self._code = options.get("RegistryCode", self._code)
        elif answer.text.strip() == "OK":
            registration = await clock.line.post("/iclock/registry", serial, f"DeviceType=acc,{options_text(clock)}")
            self._code = _options(registration.text).get("RegistryCode", "")
            options = _options((await clock.line.post("/iclock/push", serial, "")).text)
        else:
            raise Refused(f"the handshake was answered with {answer.text[:60]!r}")
        if not 0 < len(self._code) <= LONGEST_CODE or "ServerVersion" not in options:
            raise Refused("the registration was not answered with a code and a configuration")
        token = f"{self._code}{clock.serial}{options.get('SessionID', '')}"
        # The protocol's own token: an identifier, not a protection.
        clock.line.cookie = f"token={hashlib.md5(token.encode(), usedforsecurity=False).hexdigest()}"
        time = await clock.line.get("/iclock/rtdata", serial | {"type": "time"})
        zone = re.search(r"ServerTZ=([+-])(\d\d)(\d\d)", time.text)
        minutes = int(zone[2]) * 60 + int(zone[3]) if zone else 0
        shown = minutes if minutes > 60 else minutes // 60
        options["TimeZone"] = str(-shown if zone and zone[1] == "-" else shown)
        options["Delay"] = options.get("RequestDelay", "30")
        await clock.line.post("/iclock/cdata", serial | {"table": "rtstate"}, f"time={clock.local_time()}\tdoor=01\r\n")
        return options

    async def send_users(self, users: Sequence[SimulatedUser]) -> None:
        if users:
            await self._table("/iclock/cdata", {"table": "tabledata"}, "user", [self._user(user) for user in users])

    async def send_templates(self, templates: Sequence[SimulatedTemplate]) -> None:
        await self._send_templates("/iclock/cdata", {"table": "tabledata"}, templates)

    async def send_punches(self, punches: Sequence[SimulatedPunch], first: int) -> None:
        lines = [
            f"time={punch.local_time}\tpin={punch.pin}\tcardno=0\tsitecode=0\tlinkid=0\teventaddr=1"
            f"\tevent={punch.event}\tinoutstatus={_direction(punch)}\tverifytype={punch.verify}\tindex={first + number}"
            for number, punch in enumerate(punches, start=1)
        ]
        query = {"SN": self._clock.serial, "table": "rtlog"}
        answer = await self._clock.line.post("/iclock/cdata", query, self._body(self._clock.line.damaged(lines)))
        if answer.text.strip() != "OK":
            raise Refused(f"rtlog was answered with {answer.text[:60]!r}")

    async def obey(self, identifier: str, command: str) -> str | None:
        if command.startswith("DATA QUERY "):
            await self._answer_query(identifier, command)
            return None
        if command.startswith("GET OPTIONS "):
            query = {"SN": self._clock.serial, "type": "options", "cmdid": identifier, "packcnt": "1", "packidx": "1"}
            await self._clock.line.post("/iclock/querydata", query, options_text(self._clock))
            return None
        if command.startswith("DATA COUNT "):
            table = command.split(" ")[2]
            query = {"type": "count", "cmdid": identifier, "tablename": table, "packcnt": "1", "packidx": "1"}
            count = {"transaction": len(self._clock.log), "user": len(self._clock.users)}.get(table, 0)
            await self._clock.line.post("/iclock/querydata", {"SN": self._clock.serial, **query}, f"{table}={count}")
            return None
        word, _, rest = command.partition(" ")
        if word in CAPTURES:
            return f"ID={identifier}&Return={await CAPTURES[word](self._clock, fields_of(rest))}&CMD={word}"
        return f"ID={identifier}&Return={self._change(command)}&CMD={' '.join(command.split(' ')[:2])}"

    def _change(self, command: str) -> int:
        clock = self._clock
        words = command.split(" ", 3)
        fields = dict(part.split("=", 1) for part in words[-1].split("\t") if "=" in part)
        pin = fields.get("Pin", "")
        match words[:3]:
            case ["DATA", "DELETE", "transaction"]:
                clock.clear_log()
                return DONE
            case ["DATA", "UPDATE" | "DELETE", _] if not pin:
                return BAD_PARAMETER
            case ["DATA", "UPDATE", "user"]:
                known = clock.users.get(pin)
                name, card = fields.get("Name", known.name if known else ""), int(fields.get("CardNo") or 0)
                clock.users.put(SimulatedUser(pin, name, card, int(fields.get("Privilege") or 0)))
                return DONE
            case ["DATA", "UPDATE", "userauthorize"]:
                if pin not in clock.users or not {"AuthorizeTimezoneId", "AuthorizeDoorId"} <= fields.keys():
                    return NO_SUCH_PIN
                clock.authorised.add(pin)
                return DONE
            case ["DATA", "DELETE", "user"]:
                clock.authorised.discard(pin)
                clock.templates.drop(pin)
                return DONE if clock.users.pop(pin, None) else NO_SUCH_PIN
            case ["DATA", "UPDATE", "templatev10" | "biodata" as table]:
                said = fields_of(words[-1])
                return taken(clock.templates, clock.profile, clock.users.__contains__, table.upper(), said)
            case ["DATA", "DELETE", "templatev10" | "biodata" as table]:
                return removed(clock.templates, table.upper(), fields_of(words[-1]))
            case ["CONTROL", "DEVICE", "03000000"]:
                clock.reboot()
                return DONE
        return NOT_SUPPORTED

    async def _answer_query(self, identifier: str, command: str) -> None:
        """Pages of the log, of people or of templates."""
        clock = self._clock
        asked = re.search(r"tablename=(\w+),fielddesc=\*,filter=(.*)$", command)
        table, wanted = (asked[1], asked[2]) if asked else ("transaction", "")
        conditions = dict(part.split("=", 1) for part in wanted.split(",") if "=" in part)
        query = {"type": "tabledata", "cmdid": identifier, "packcnt": "1", "packidx": "1"}
        if table == "user":
            people = [each for each in clock.users.values() if conditions.get("Pin", each.pin) == each.pin]
            await self._table("/iclock/querydata", query, "user", [self._user(each) for each in people])
            return
        if table in ("templatev10", "biodata"):
            kind = int(conditions["Type"]) if conditions.get("Type", "").isdigit() else None
            found = [each for each in clock.templates.of(conditions.get("Pin"), kind) if access_row(each)[0] == table]
            await self._table("/iclock/querydata", query, table, [access_row(each)[1] for each in found])
            return
        period = re.search(r"filter=StartTime=(.{19}),EndTime=(.{19})$", command)
        log = [line for line in clock.log if period and period[1] <= line.local_time <= period[2]]
        pages = [log[start : start + clock.profile.batch] for start in range(0, len(log), clock.profile.batch)] or [[]]
        for number, page in enumerate(pages, start=1):
            lines = [
                f"transaction cardno=0\tpin={punch.pin}\tverified={punch.verify}\tdoorid=1\teventtype={punch.event}"
                f"\tinoutstate={_direction(punch)}\ttime_second={encode_time(punch.local_time)}"
                for punch in page
            ]
            query = {"type": "tabledata", "cmdid": identifier, "packcnt": str(len(pages)), "packidx": str(number)}
            await self._table("/iclock/querydata", query, "transaction", lines)

    def _user(self, user: SimulatedUser) -> str:
        return (
            f"user uid={user.uid}\tcardno={user.card or ''}\tpin={user.pin}\tpassword=\tgroup=0\tstarttime=0\tendtime=0"
            f"\tname={user.name}\tprivilege={user.privilege}\tdisable=0\tverify=0"
        )

    async def _send_templates(self, path: str, query: dict[str, str], templates: Sequence[SimulatedTemplate]) -> None:
        for table in ("templatev10", "biodata"):
            rows = [row for name, row in map(access_row, templates) if name == table]
            if rows:
                await self._table(path, query, table, rows)

    async def _table(self, path: str, query: dict[str, str], name: str, lines: list[str]) -> None:
        query = {"SN": self._clock.serial, **query, "tablename": name, "count": str(len(lines))}
        answer = await self._clock.line.post(path, query, self._body(lines))
        if answer.text.strip() != f"{name}={len(lines)}":
            # Anything else makes a unit repeat the same rows for ever.
            raise Refused(f"{len(lines)} rows of {name} were acknowledged as {answer.text[:60].strip()!r}")

    def _body(self, lines: list[str]) -> str:
        return "".join(line + self._clock.profile.line_end for line in lines)


def _direction(punch: SimulatedPunch) -> int:
    return punch.status if punch.status in (0, 1) else NO_DIRECTION


def _options(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

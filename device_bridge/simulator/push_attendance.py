"""What a simulated time clock says: Attendance PUSH 2.x."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from device_bridge.simulator.memory import SimulatedPunch, SimulatedUser
from device_bridge.simulator.push_commands import execute
from device_bridge.simulator.push_line import Refused
from device_bridge.simulator.push_templates import SimulatedTemplate, speaks_biodata, template_line
from device_bridge.simulator.push_unit import PushUnit


class AttendanceDialect:
    """See `device_bridge.simulator.push_clock.Dialect`."""

    def __init__(self, clock: PushUnit) -> None:
        self._clock = clock

    async def greet(self) -> dict[str, str]:
        clock = self._clock
        query = {"SN": clock.serial, "options": "all", "language": "69"}
        if clock.profile.version:
            query |= {"pushver": clock.profile.version, "DeviceType": "att", "PushOptionsFlag": "1"}
        answer = await clock.line.get("/iclock/cdata", query)
        if not answer.text.startswith("GET OPTION FROM"):
            raise Refused(f"the handshake was answered with {answer.text[:60]!r}")
        clock.date_header = answer.date
        if clock.profile.posts_options:
            await clock.line.post("/iclock/cdata", {"SN": clock.serial, "table": "options"}, options_text(clock))
        return dict(line.split("=", 1) for line in answer.text.splitlines()[1:] if "=" in line)

    async def send_users(self, users: Sequence[SimulatedUser]) -> None:
        await self._post("OPERLOG", [self._user_line(user) for user in users])

    async def send_templates(self, templates: Sequence[SimulatedTemplate]) -> None:
        tables = (("OPERLOG", False), ("BIODATA", True))
        for table, biodata in tables:
            await self._post(table, [template_line(each) for each in templates if speaks_biodata(each) is biodata])

    async def send_punches(self, punches: Sequence[SimulatedPunch], first: int) -> None:
        await self._post("ATTLOG", [self._punch_line(punch) for punch in punches])

    async def obey(self, identifier: str, command: str) -> str | None:
        return await execute(self._clock, identifier, command)

    async def _post(self, table: str, lines: list[str]) -> None:
        if not lines:
            return
        clock = self._clock
        stamp = "OpStamp" if table == "OPERLOG" else "Stamp"
        lines = clock.line.damaged(lines)
        body = "".join(line + clock.profile.line_end for line in lines)
        answer = await clock.line.post("/iclock/cdata", {"SN": clock.serial, "table": table, stamp: "9999"}, body)
        if not answer.text.startswith("OK"):
            raise Refused(f"{table} was answered with {answer.text[:60]!r}")
        if table == "ATTLOG" and answer.text.strip() != f"OK: {len(lines)}":
            # Firmware has been seen to send the same batch for ever after an answer without the count.
            raise Refused(f"{len(lines)} punches were acknowledged as {answer.text.strip()!r}")

    def _punch_line(self, punch: SimulatedPunch) -> str:
        profile = self._clock.profile
        fields = [punch.pin, punch.local_time, str(punch.status), str(punch.verify), "0", "0", "0", "255", "0", "0"]
        return "\t".join(fields[: profile.fields]) + ("\t" if profile.trailing_tab else "")

    def _user_line(self, user: SimulatedUser) -> str:
        bracketed = self._clock.profile.bracket_cards
        card = f"[{user.card.to_bytes(4, 'little').hex().upper()}]" if bracketed else str(user.card)
        return (
            f"USER PIN={user.pin}\tName={user.name}\tPri={user.privilege}\tPasswd=\tCard={card}\tGrp=1"
            "\tTZ=0000000100000000"
        )


def options_text(clock: PushUnit) -> str:
    """What a clock says of itself, between commas; one value has a comma in it, as on hardware."""
    options: Mapping[str, str] = {
        "~DeviceName": "Simulated clock",
        "~OEMVendor": "ZKTECO CO., LTD.",
        "MAC": "00:17:61:00:00:02",
        "FirmVer": "Ver 8.0.4.2-20210101",
        "UserCount": str(len(clock.users)),
        "TransactionCount": str(len(clock.log)),
        "~MaxAttLogCount": "15",
        "FPVersion": clock.profile.finger,
        "FaceVersion": clock.profile.face,
    }
    if clock.profile.slots:
        options = {**options, "MultiBioDataSupport": clock.profile.slots}
    return ",".join(f"{name}={value}" for name, value in options.items())

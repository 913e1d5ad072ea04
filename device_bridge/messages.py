"""Conversion of the bridge's records to contract messages, in batches of bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from device_bridge.records import BadLine, ClockUser, LoggedPunch
from foundation.contracts.bridge import BatchSource, DeviceUser, Punch, PunchBatch, RejectedLine, UserBatch

BATCH = 1000
Item = TypeVar("Item")


def punch_batches(
    serial: str,
    source: BatchSource,
    received_at: datetime,
    punches: Sequence[LoggedPunch],
    rejected: Sequence[BadLine] = (),
    *,
    source_address: str = "",
    clock_offset_seconds: int | None = None,
) -> Iterator[PunchBatch]:
    """Batches of at most `BATCH` lines, in the order received; the rejected lines come last. None for no lines."""
    lines: list[LoggedPunch | BadLine] = [*punches, *rejected]
    for part in _parts(lines):
        yield PunchBatch(
            serial=serial,
            source=source,
            received_at=received_at,
            source_address=source_address,
            clock_offset_seconds=clock_offset_seconds,
            punches=[_punch(line) for line in part if isinstance(line, LoggedPunch)],
            rejected=rejected_lines(line for line in part if isinstance(line, BadLine)),
        )


def user_batches(
    serial: str, received_at: datetime, users: Sequence[ClockUser], rejected: Sequence[BadLine] = ()
) -> Iterator[UserBatch]:
    """Some users of a clock, never its whole list; see `whole_user_list`."""
    lines: list[ClockUser | BadLine] = [*users, *rejected]
    for part in _parts(lines):
        yield UserBatch(
            serial=serial,
            received_at=received_at,
            users=[device_user(line) for line in part if isinstance(line, ClockUser)],
            rejected=rejected_lines(line for line in part if isinstance(line, BadLine)),
        )


def whole_user_list(
    serial: str, received_at: datetime, users: Iterable[ClockUser], rejected: Iterable[BadLine]
) -> UserBatch:
    """The whole list of a clock in one message, so that the back end can see who is not on it."""
    return UserBatch(
        serial=serial,
        received_at=received_at,
        complete=True,
        users=[device_user(user) for user in users],
        rejected=rejected_lines(rejected),
    )


def rejected_lines(lines: Iterable[BadLine]) -> list[RejectedLine]:
    """Lines for quarantine."""
    return [RejectedLine(raw=line.raw[:4096], reason=line.reason) for line in lines]


def device_user(user: ClockUser) -> DeviceUser:
    """A person for the back end."""
    return DeviceUser(pin=user.pin, name=user.name[:48], card=user.card, privilege=user.privilege)


def clock_user(user: DeviceUser) -> ClockUser:
    """A person for a clock."""
    return ClockUser(user.pin, user.name, user.card, user.privilege)


def _punch(line: LoggedPunch) -> Punch:
    return Punch(
        pin=line.pin,
        local_time=line.local_time,
        status=line.status,
        verify=line.verify,
        work_code=line.work_code,
        raw=line.raw[:512],
    )


def _parts(lines: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(lines), BATCH):
        yield lines[start : start + BATCH]

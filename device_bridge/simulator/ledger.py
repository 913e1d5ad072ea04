"""The ledger of a fleet: every punch that simulated clocks made, written down before it is sent.

CSV: ``serial,pin,local_time,status``, the time as the clock showed it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

HEADER = ("serial", "pin", "local_time", "status")


@dataclass(frozen=True, slots=True, order=True)
class LedgerRow:
    """What makes a punch that punch, and no other: no two of a fleet are alike in all four."""

    serial: str
    pin: str
    local_time: str
    status: int


class BadLedger(ValueError):
    """One sentence that names the file, the line and the reason."""


class Ledger:
    """Open for writing; rows are added to those of an earlier run."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        if self._file.tell() == 0:
            self._writer.writerow(HEADER)
            self._file.flush()

    def write(self, rows: Iterable[LedgerRow]) -> None:
        """Rows are with the operating system when this returns, whatever happens to this process then."""
        self._writer.writerows((row.serial, row.pin, row.local_time, row.status) for row in rows)
        self._file.flush()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def read_ledger(path: Path) -> list[LedgerRow]:
    """All rows. A last line without an end was being written when its process died, so it was never sent.

    Raises `BadLedger`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadLedger(f"{path}: cannot be read ({error})") from error
    whole = text[: text.rfind("\n") + 1]
    rows: list[LedgerRow] = []
    for number, cells in enumerate(csv.reader(whole.splitlines()), start=1):
        if not cells or tuple(cells) == HEADER:
            continue
        if len(cells) != len(HEADER) or not (cells[3].isascii() and cells[3].isdigit()):
            raise BadLedger(f"{path}, line {number}: {','.join(HEADER)} are wanted")
        rows.append(LedgerRow(cells[0], cells[1], cells[2], int(cells[3])))
    return rows

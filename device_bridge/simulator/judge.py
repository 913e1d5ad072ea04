"""The judge: compares a fleet's ledger with what an organisation has stored.

``lost``: a punch of the ledger that is nowhere. ``doubled``: one that is there more than once. ``altered``: one that is
there with another person, time or status, or only in quarantine; and a punch of the fleet's clocks that none of them
made.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx

from device_bridge.iclock.access_parser import looks_like_events, parse_event
from device_bridge.iclock.parser import parse_punch
from device_bridge.records import LoggedPunch
from device_bridge.simulator.ledger import LedgerRow

PAGE = 200


class CannotJudge(Exception):
    """The organisation's rows could not be read; one sentence."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every difference. A pair of ``altered`` is (as it was made, as it is kept); `None` stands for nobody's punch or
    a line in quarantine."""

    punches: int
    lost: list[LedgerRow] = field(default_factory=list)
    doubled: list[LedgerRow] = field(default_factory=list)
    altered: list[tuple[LedgerRow | None, LedgerRow | None]] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether there is no difference at all."""
        return not (self.lost or self.doubled or self.altered)

    def __str__(self) -> str:
        return f"lost {len(self.lost)} doubled {len(self.doubled)} altered {len(self.altered)}"

    def document(self, most: int) -> dict[str, Any]:
        """For programs: the counts, and the first ``most`` differences of each kind."""
        return {
            "punches": self.punches,
            "clean": self.clean,
            "counts": {"lost": len(self.lost), "doubled": len(self.doubled), "altered": len(self.altered)},
            "lost": [asdict(row) for row in self.lost[:most]],
            "doubled": [asdict(row) for row in self.doubled[:most]],
            "altered": [
                {"made": asdict(made) if made else None, "kept": asdict(kept) if kept else None}
                for made, kept in self.altered[:most]
            ],
        }

    def differences(self) -> list[str]:
        """A sentence for each difference."""
        return [
            *(f"lost: {_said(row)}" for row in self.lost),
            *(f"doubled: {_said(row)}" for row in self.doubled),
            *(_alteration(made, kept) for made, kept in self.altered),
        ]


def judge(ledger: Iterable[LedgerRow], stored: Iterable[LedgerRow], quarantined: Iterable[LedgerRow] = ()) -> Verdict:
    """Compare. Pure; rows of clocks that are not in the ledger are nobody's business."""
    made = {_normal(row) for row in ledger}
    serials = {row.serial for row in made}
    kept = Counter(normal for row in stored if (normal := _normal(row)).serial in serials)
    doubled = sorted(row for row, count in kept.items() for _ in range(count - 1) if row in made)
    missing = _Missing(made - kept.keys())
    altered: list[tuple[LedgerRow | None, LedgerRow | None]] = [
        (missing.taken_for(row), row) for row in sorted(kept.keys() - made) for _ in range(kept[row])
    ]
    for row in sorted({_normal(row) for row in quarantined}):
        if missing.remove(row):
            altered.append((row, None))
    return Verdict(len(made), missing.left(), doubled, altered)


class _Missing:
    """Punches that are not there as they were made, to be found by three of their four parts."""

    def __init__(self, rows: Iterable[LedgerRow]) -> None:
        self._rows = set(rows)
        self._alike: dict[tuple[object, ...], list[LedgerRow]] = defaultdict(list)
        for row in sorted(self._rows):
            for part in _parts(row):
                self._alike[part].append(row)

    def taken_for(self, kept: LedgerRow) -> LedgerRow | None:
        """Which of them was probably turned into this; it is then missing no longer."""
        for part in _parts(kept):
            for row in self._alike.get(part, ()):
                if self.remove(row):
                    return row
        return None

    def remove(self, row: LedgerRow) -> bool:
        """It has been found; False when it was not missing."""
        found = row in self._rows
        self._rows.discard(row)
        return found

    def left(self) -> list[LedgerRow]:
        return sorted(self._rows)


def _parts(row: LedgerRow) -> tuple[tuple[object, ...], ...]:
    return (
        ("status", row.serial, row.pin, row.local_time),
        ("pin", row.serial, row.local_time, row.status),
        ("time", row.serial, row.pin, row.status),
    )


def _normal(row: LedgerRow) -> LedgerRow:
    """Clocks and servers keep or drop leading zeros of a number as they like."""
    pin = row.pin.strip()
    if pin.isascii() and pin.isdigit():
        pin = pin.lstrip("0") or "0"
    return row if pin == row.pin else LedgerRow(row.serial, pin, row.local_time, row.status)


def _said(row: LedgerRow) -> str:
    return f"{row.serial} PIN {row.pin} {row.local_time} status {row.status}"


def _alteration(made: LedgerRow | None, kept: LedgerRow | None) -> str:
    if made is None or kept is None:
        row = made or kept
        assert row is not None
        return f"altered: {_said(row)} is {'in quarantine' if made else 'a punch that no clock made'}"
    return f"altered: {_said(made)} is kept as PIN {kept.pin} {kept.local_time} status {kept.status}"


async def read_organisation(client: httpx.AsyncClient, api_url: str) -> tuple[list[LedgerRow], list[LedgerRow]]:
    """All stored punches, and those punches of the quarantine that can be read. Raises `CannotJudge`."""
    stored = [
        LedgerRow(item["device_serial"], item["pin"], item["local_time"], item["status"])
        for item in await _items(client, f"{api_url.rstrip('/')}/api/attendance/logs")
    ]
    quarantined = []
    for item in await _items(client, f"{api_url.rstrip('/')}/api/attendance/quarantine"):
        raw = item["raw"]
        if item.get("state", "open") != "open":
            # Replayed, it is among the punches; dismissed, somebody has said why it is none.
            continue
        if row := quarantined_row(item["device_serial"], raw):
            quarantined.append(row)
    return stored, quarantined


def quarantined_row(serial: str, raw: str) -> LedgerRow | None:
    """The punch in a line of the quarantine, if it can be read after all."""
    punch = parse_event(raw) if looks_like_events(raw) else parse_punch(raw)
    return LedgerRow(serial, punch.pin, punch.local_time, punch.status) if isinstance(punch, LoggedPunch) else None


async def _items(client: httpx.AsyncClient, url: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    query: dict[str, str | int] = {"limit": PAGE}
    while True:
        try:
            response = await client.get(url, params=query)
            if response.status_code != 200:
                raise CannotJudge(f"{url} was answered with status {response.status_code}: {response.text[:200]}")
            page = response.json()
            items += page["items"]
            cursor = page["next_cursor"]
        except httpx.HTTPError as error:
            raise CannotJudge(f"{url} does not answer ({error or type(error).__name__})") from error
        except (ValueError, KeyError, TypeError) as error:
            raise CannotJudge(f"{url} was not answered with a page of rows") from error
        if not cursor:
            return items
        query["cursor"] = cursor

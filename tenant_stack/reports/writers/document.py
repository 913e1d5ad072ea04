"""What a writer is told before the rows come. Plain data, so that it can pass between processes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from tenant_stack.reports.columns import Column


@dataclass(frozen=True)
class Bar:
    """One bar of the chart: a label and the sizes of its parts."""

    label: str
    parts: tuple[int, ...]


@dataclass(frozen=True)
class Document:
    """``period``, ``zones`` and ``filters`` are words that stand on the file; there is always a zone. ``count`` is the
    number of data rows. ``tiles`` are the figures people look at first; ``bars`` stacked columns with ``legend`` naming
    the parts. ``logo`` is a PNG of our own making in base64, or nothing."""

    format: str
    title: str
    organisation: str
    period: str
    zones: list[str]
    filters: list[str]
    made: str
    columns: tuple[Column, ...]
    count: int
    tiles: list[tuple[str, str]] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    legend: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    logo: str = ""

    def plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, plain: dict[str, Any]) -> Document:
        """The inverse of `plain`."""
        columns = tuple(Column(**each) for each in plain["columns"])
        bars = [Bar(each["label"], tuple(each["parts"])) for each in plain["bars"]]
        tiles = [(name, value) for name, value in plain["tiles"]]
        return cls(**{**plain, "columns": columns, "bars": bars, "tiles": tiles})

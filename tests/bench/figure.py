"""One measured figure beside its baseline and its budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """``baseline`` is what the value is compared with, measured in the same run; None where only a budget exists."""

    what: str
    value: float
    unit: str
    baseline: float | None
    baseline_name: str
    budget: str
    within: Callable[[Figure], bool]

    @property
    def ratio(self) -> float | None:
        return self.value / self.baseline if self.baseline else None

    def line(self) -> str:
        beside = ""
        if self.baseline and self.ratio is not None:
            beside = f" · {self.baseline_name}: {self.baseline:,.1f} {self.unit} · ratio {self.ratio:.2f}"
        verdict = "[green]within budget[/]" if self.within(self) else "[red]over budget[/]"
        return f"{self.what}: [bold]{self.value:,.1f} {self.unit}[/]{beside} · {verdict} ({self.budget})"

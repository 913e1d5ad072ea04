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

    def row(self) -> tuple[str, ...]:
        baseline = f"{self.baseline:,.1f} {self.unit} ({self.baseline_name})" if self.baseline else "-"
        ratio = f"{self.ratio:.2f}" if self.ratio is not None else "-"
        verdict = "[green]within[/]" if self.within(self) else "[red]over budget[/]"
        return (self.what, f"{self.value:,.1f} {self.unit}", baseline, ratio, self.budget, verdict)

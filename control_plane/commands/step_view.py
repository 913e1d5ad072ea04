"""An organisation's steps as a person watches them on a terminal."""

from __future__ import annotations

from typing import Any

from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

MARKS = {"ok": ("✓", "green"), "failed": ("✗", "red"), "unknown": ("?", "yellow"), "pending": ("·", "dim")}


class StepView:
    """Steps with state, time taken and last error; the one at work turns a spinner."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._spinner = Spinner("dots")
        self._told: set[tuple[str, str, str]] = set()

    def __rich__(self) -> Table:
        return self.table(live=True)

    def table(self, *, live: bool = False) -> Table:
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
        working = next((step["name"] for step in self.document["steps"] if step["state"] != "ok"), None)
        for step in self.document["steps"]:
            mark, style = MARKS[step["state"]]
            busy = live and step["name"] == working and step["state"] == "pending"
            words = Text(step["message"], style="" if step["state"] in {"failed", "unknown"} else "dim")
            if step["advice"]:
                words.append(f"\n{step['advice']}", style="italic")
            table.add_row(
                self._spinner if busy else Text(mark, style=style), step["name"], _duration(step["duration_ms"]), words
            )
        return table

    def news(self, document: dict[str, Any]) -> list[str]:
        """Lines about steps that have finished or run into trouble since the last call, for output into a file."""
        lines = []
        for step in document["steps"]:
            fact = (step["name"], step["state"], step["message"] if step["state"] != "ok" else "")
            if step["state"] != "pending" and fact not in self._told:
                self._told.add(fact)
                lines.append(f"  {MARKS[step['state']][0]} {step['name']} {step['message']}".rstrip())
        return lines


def _duration(milliseconds: int | None) -> Text:
    return Text("" if milliseconds is None else f"{milliseconds / 1000:.2f} s", style="dim", justify="right")

"""Events at the demo's clocks that the month end needs: one file each, deleted by the clocks' process when done."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

FOLDER = "events"


class ClockEvent(BaseModel):
    """A punch stored offline that is sent only now, or a user's name changed at the keypad."""

    model_config = ConfigDict(extra="forbid")

    serial: str
    kind: Literal["punch", "rename"]
    pin: str
    local_time: str = ""
    status: int = 0
    name: str = ""


def write_events(folder: Path, name: str, events: list[ClockEvent]) -> None:
    """Queue events in this order. Writing them again under the same ``name`` replaces those that still wait."""
    queue = folder / FOLDER
    queue.mkdir(mode=0o700, exist_ok=True)
    for number, event in enumerate(events):
        path = queue / f"{name}-{number}.json"
        path.with_suffix(".part").write_text(event.model_dump_json())
        path.with_suffix(".part").rename(path)


def pending_events(folder: Path) -> list[Path]:
    """Files of events that nobody has acted on yet, in order."""
    return sorted((folder / FOLDER).glob("*.json"))

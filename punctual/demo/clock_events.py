"""What the desk asks people at the clocks to do: a file a cue, which the clocks' process takes away when done."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

CUES = "cues"


class Cue(BaseModel):
    """Something that happens at a clock: an old punch comes to light, or somebody's name is changed on its keypad."""

    model_config = ConfigDict(extra="forbid")

    serial: str
    what: Literal["punch", "rename"]
    pin: str
    local_time: str = ""
    status: int = 0
    name: str = ""


def give(folder: Path, name: str, cues: list[Cue]) -> None:
    """Ask for these, in this order. ``name`` tells them from others; the same name again is the same cue."""
    place = folder / CUES
    place.mkdir(mode=0o700, exist_ok=True)
    for number, cue in enumerate(cues):
        path = place / f"{name}-{number}.json"
        path.with_suffix(".part").write_text(cue.model_dump_json())
        path.with_suffix(".part").rename(path)


def waiting(folder: Path) -> list[Path]:
    """Cues that nobody has acted on yet, in order."""
    return sorted((folder / CUES).glob("*.json"))


def read(path: Path) -> Cue:
    """A cue."""
    return Cue.model_validate_json(path.read_text())

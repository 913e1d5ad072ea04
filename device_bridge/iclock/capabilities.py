"""What a unit has said of its algorithms: which templates it sends and takes.

Capability is asked of the unit, not looked up by model. The memory is the process's own; a unit says it again with its
next handshake (``options``, ``registry``) or its first poll (``INFO``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from device_bridge.quirks import FACE, FINGER

SLOTS = "multibiodatasupport"
_VERSION = re.compile(r"\d{1,3}(\.\d{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """``finger`` and ``face`` are algorithm versions as the unit wrote them, empty when it did not say.

    ``slots`` are its ``MultiBioDataSupport``, by type of BIODATA; empty when it did not say.
    """

    finger: str = ""
    face: str = ""
    slots: tuple[bool, ...] = ()

    @property
    def finger_major(self) -> int | None:
        """10 for ZKFinger 10."""
        return int(self.finger.split(".")[0]) if self.finger else None

    def takes_biodata(self, kind: int) -> bool | None:
        """Whether it takes this type of BIODATA; `None` when it did not say."""
        return None if not self.slots else kind < len(self.slots) and self.slots[kind]


NOTHING_SAID = Capabilities()


class CapabilityRegistry:
    """Of all units, by serial. Serials enter only after the back end has admitted them, which bounds the memory."""

    def __init__(self) -> None:
        self._known: dict[str, Capabilities] = {}

    def of(self, serial: str) -> Capabilities:
        """What this unit has said so far."""
        return self._known.get(serial, NOTHING_SAID)

    def note(self, serial: str, said: Mapping[str, str]) -> None:
        """The unit spoke of itself; what it left out stays as it was."""
        plain = {name.lstrip("~").lower(): value.strip() for name, value in said.items()}
        before = self.of(serial)
        slots = tuple(part.strip() == "1" for part in plain[SLOTS].split(":")) if plain.get(SLOTS) else before.slots
        after = Capabilities(
            _version(plain, FINGER.names) or before.finger, _version(plain, FACE.names) or before.face, slots[:16]
        )
        if after != NOTHING_SAID:
            self._known[serial] = after


def _version(said: Mapping[str, str], names: tuple[str, ...]) -> str:
    texts = (said.get(name, "") for name in names)
    return next((text for text in texts if _VERSION.fullmatch(text) and int(text.split(".")[0])), "")

"""What the bridge remembers of push clocks while it runs; nothing of it is needed to keep a punch."""

from __future__ import annotations

from dataclasses import dataclass, field

from device_bridge.iclock.capabilities import CapabilityRegistry
from device_bridge.iclock.captures import Captures
from device_bridge.iclock.families import Families
from device_bridge.iclock.grants import Grants
from device_bridge.iclock.zones import Zones


@dataclass(frozen=True, slots=True)
class Units:
    """All push clocks of an organisation."""

    families: Families = field(default_factory=Families)
    grants: Grants = field(default_factory=Grants)
    capabilities: CapabilityRegistry = field(default_factory=CapabilityRegistry)
    zones: Zones = field(default_factory=Zones)
    captures: Captures = field(default_factory=Captures)

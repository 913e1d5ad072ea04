"""Every table of the control plane; ``METADATA`` knows all of them."""

from control_plane.tables import devices, operators, organisations, support
from control_plane.tables.base import Base

METADATA = Base.metadata

__all__ = ["METADATA", "devices", "operators", "organisations", "support"]

"""Every table of the control plane; ``METADATA`` knows all of them."""

from control_plane.tables import devices, operators, organisations, support
from control_plane.tables.base import Base

TABLE_MODULES = (devices, operators, organisations, support)
METADATA = Base.metadata

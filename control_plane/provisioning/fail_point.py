"""Places where a test kills the worker, to see that the next one carries on."""

from __future__ import annotations

import os
from collections.abc import Callable

from control_plane.provisioning.context import never_reached

EXIT_STATUS = 86


def fail_point(name: str | None) -> Callable[[str], None]:
    """A function that ends the process without a farewell when it is called with ``name``; harmless for None."""
    if name is None:
        return never_reached

    def reach(place: str) -> None:
        if place == name:
            os._exit(EXIT_STATUS)

    return reach

"""Choices the product offers where systems differ: what a scenario is run under."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    """A choice the product offers where systems differ. The default is the recommended one."""

    name: str = "recommended"
    shows_out: str = "last_closed"


DEFAULT = Setting()
#: The settings tried for disputed scenarios that do not hold under the recommended ones.
ALTERNATIVES = (Setting("last out shows the last event", shows_out="last_event"),)

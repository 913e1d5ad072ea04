"""Tables of device groups: which people belong on which clocks."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from foundation.database import Identified, Json, Timestamped, column
from tenant_stack.tables.base import Base


class DeviceGroup(Identified, Timestamped, Base, table=True):
    """Clocks, and the people who belong on each of them: everybody, whole departments or sites, or chosen by hand."""

    __tablename__ = "device_groups"

    name: str = Field(max_length=120, unique=True)
    everybody: bool = column(server_default=sa.false())
    departments: list[str] = column(Json, server_default=sa.text("'[]'"))


class DeviceGroupDevice(Base, table=True):
    """A clock of a group."""

    __tablename__ = "device_group_devices"

    group_id: UUID = Field(foreign_key="device_groups.id", ondelete="CASCADE", primary_key=True)
    device_id: UUID = Field(foreign_key="devices.id", ondelete="CASCADE", primary_key=True, index=True)


class DeviceGroupStaff(Base, table=True):
    """A person chosen by hand for a group."""

    __tablename__ = "device_group_staff"

    group_id: UUID = Field(foreign_key="device_groups.id", ondelete="CASCADE", primary_key=True)
    staff_id: UUID = Field(foreign_key="staff.id", ondelete="CASCADE", primary_key=True, index=True)


class DeviceGroupSite(Base, table=True):
    """A site whose people all belong to a group."""

    __tablename__ = "device_group_sites"

    group_id: UUID = Field(foreign_key="device_groups.id", ondelete="CASCADE", primary_key=True)
    site_id: UUID = Field(foreign_key="sites.id", ondelete="CASCADE", primary_key=True, index=True)

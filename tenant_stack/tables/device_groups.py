"""Tables of device groups: which people belong on which clocks."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Identified, Timestamped
from tenant_stack.tables.base import Base


class DeviceGroup(Base, Identified, Timestamped):
    """Clocks, and the people who belong on each of them: everybody, whole departments or sites, or chosen by hand."""

    __tablename__ = "device_groups"

    name: Mapped[str] = mapped_column(sa.String(120), unique=True)
    everybody: Mapped[bool] = mapped_column(server_default=sa.false())
    departments: Mapped[list[str]] = mapped_column(server_default=sa.text("'[]'"))


class DeviceGroupDevice(Base):
    """A clock of a group."""

    __tablename__ = "device_group_devices"

    group_id: Mapped[UUID] = mapped_column(sa.ForeignKey("device_groups.id", ondelete="CASCADE"), primary_key=True)
    device_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class DeviceGroupStaff(Base):
    """A person chosen by hand for a group."""

    __tablename__ = "device_group_staff"

    group_id: Mapped[UUID] = mapped_column(sa.ForeignKey("device_groups.id", ondelete="CASCADE"), primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(sa.ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True, index=True)


class DeviceGroupSite(Base):
    """A site whose people all belong to a group."""

    __tablename__ = "device_group_sites"

    group_id: Mapped[UUID] = mapped_column(sa.ForeignKey("device_groups.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[UUID] = mapped_column(sa.ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True, index=True)

"""Every table of a tenant stack; ``METADATA`` knows all of them."""

from tenant_stack.tables import (
    access,
    attendance,
    audit,
    biometrics,
    conflicts,
    device_groups,
    devices,
    logo,
    payroll,
    punches,
    reports,
    schedules,
    staff,
    support,
    webhooks,
)
from tenant_stack.tables.base import Base

METADATA = Base.metadata

__all__ = [
    "METADATA",
    "access",
    "attendance",
    "audit",
    "biometrics",
    "conflicts",
    "device_groups",
    "devices",
    "logo",
    "payroll",
    "punches",
    "reports",
    "schedules",
    "staff",
    "support",
    "webhooks",
]

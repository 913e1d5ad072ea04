"""The tables of a tenant stack, their triggers, and what every organisation starts with."""

from __future__ import annotations

from tenant_stack.migrations.initial import (
    access,
    attendance,
    biometrics,
    devices,
    payroll,
    people,
    punches,
    reports,
    schedules,
    seeds,
)

revision = "0001_initial"
down_revision = None


def upgrade() -> None:
    # In this order: each refers to tables of those before it.
    for module in (schedules, people, devices, access, attendance, punches, biometrics, payroll, reports):
        module.create()
    seeds.fill()

"""Alembic's environment: works on the connection that `control_plane.migrations.migrate` hands over."""

from __future__ import annotations

from alembic import context

from control_plane.devices import models as devices
from control_plane.operators import models as operators
from control_plane.organisations import models as organisations
from control_plane.support import models as support

assert operators.Operator.metadata is devices.DeviceClaim.metadata is organisations.Base.metadata
assert support.SupportAccess.metadata is organisations.Base.metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=organisations.Base.metadata)
context.run_migrations()

"""Alembic's environment: works on the connection that `foundation.migrations` hands over."""

from __future__ import annotations

from alembic import context

from control_plane.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()

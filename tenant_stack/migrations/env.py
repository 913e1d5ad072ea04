"""Alembic's entry: migrations run on the connection that `foundation.migrations` hands over, in its transaction."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from tenant_stack.schema import METADATA, is_ours

connection: sa.Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, include_name=is_ours)
with context.begin_transaction():
    context.run_migrations()

"""The tenant stack's fixtures, for attacks on it."""

from tests.tenant_stack.conftest import api, app, bridge, database, document, servers, stranger

__all__ = ["api", "app", "bridge", "database", "document", "servers", "stranger"]

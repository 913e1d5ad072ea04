"""The most that a support grant may ever permit, whatever is requested.

Never templates and consents, users and roles, machines, settings, the audit trail, exports, nor anything that deletes
or approves.
"""

from __future__ import annotations

READ = frozenset({"staff:read", "devices:read", "attendance:read", "reports:read"})
WRITE = READ | {
    "staff:update",
    "staff:sync",
    "devices:create",
    "devices:update",
    "devices:sync",
    "attendance:update",
}


def permissions_of(write: bool) -> frozenset[str]:
    return WRITE if write else READ

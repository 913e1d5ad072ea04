"""The most that support access may ever do, whatever is asked for.

Never templates and consents, users and roles, machines, settings, the audit trail, files to take away, nor anything
that removes or approves.
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

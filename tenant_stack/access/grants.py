"""Rules for granting: nobody grants what they do not hold, and nobody changes somebody with more permissions."""

from __future__ import annotations

from collections.abc import Collection

from foundation.errors import Forbidden, Invalid
from tenant_stack.access.permissions import OWNER, PERMISSIONS
from tenant_stack.access.scope import Scope


def check_permissions(held: Collection[str], wanted: Collection[str]) -> None:
    """`Invalid` for a permission that does not exist, `Forbidden` for one that the granter lacks."""
    if unknown := sorted(set(wanted) - PERMISSIONS):
        raise Invalid("unknown_permission", f"There is no permission {unknown[0]}", field="permissions")
    if more := sorted(set(wanted) - set(held)):
        raise Forbidden("grant_exceeds_own", f"You do not hold {more[0]} yourself, so you cannot give it to others")


def check_scope(held: Scope, wanted: Scope) -> None:
    """`Forbidden` when a limited caller would grant a wider scope."""
    if not held.contains(wanted):
        raise Forbidden("grant_exceeds_own", "You do not see all of these sites and departments yourself")


def check_owner_role(granter_roles: Collection[str], before: Collection[str], after: Collection[str]) -> None:
    """Only owners create, change or remove owners."""
    if OWNER in {*before, *after} and OWNER not in granter_roles:
        raise Forbidden("owner_only", "Only an owner may do this to an owner")

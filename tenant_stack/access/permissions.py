"""Permissions as data: resource and action, written ``resource:action`` in scopes and sessions."""

from __future__ import annotations

ACTIONS: dict[str, tuple[str, ...]] = {
    "staff": ("create", "read", "update", "delete", "sync", "export"),
    "devices": ("create", "read", "update", "delete", "sync", "export", "approve"),
    "reports": ("create", "read", "update", "delete", "export"),
    "attendance": ("create", "read", "update", "export", "approve"),
    "biometrics": ("create", "read", "update", "delete"),
    "users": ("create", "read", "update", "delete"),
    "clients": ("create", "read", "update", "delete"),
    "settings": ("read", "update"),
    "audit": ("read", "export"),
}
PERMISSIONS = frozenset(f"{resource}:{action}" for resource, actions in ACTIONS.items() for action in actions)
OWNER = "owner"

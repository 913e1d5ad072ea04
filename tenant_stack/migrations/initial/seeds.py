"""What every organisation starts with: permissions, built-in roles and a default rule set."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

ACTIONS = {
    "staff": ["create", "read", "update", "delete", "sync", "export"],
    "devices": ["create", "read", "update", "delete", "sync", "export", "approve"],
    "reports": ["create", "read", "update", "delete", "export"],
    "attendance": ["create", "read", "update", "export", "approve"],
    "biometrics": ["create", "read", "update", "delete"],
    "users": ["create", "read", "update", "delete"],
    "clients": ["create", "read", "update", "delete"],
    "settings": ["read", "update"],
    "audit": ["read", "export"],
}
EVERYTHING = [f"{resource}:{action}" for resource, actions in ACTIONS.items() for action in actions]
READ = ["staff:read", "devices:read", "reports:read", "attendance:read"]
ROLES = {
    "owner": ("Owner", EVERYTHING),
    "administrator": ("Administrator", EVERYTHING),
    "manager": (
        "Manager",
        [
            *READ,
            *("staff:update", "staff:export", "devices:sync", "reports:create", "reports:export"),
            *("attendance:update", "attendance:approve", "attendance:export", "biometrics:create", "biometrics:read"),
        ],
    ),
    "viewer": ("Viewer", READ),
}
HOUR = 3600

# The engine's defaults, in seconds.
DEFAULT_RULES = {
    "pairing": {
        "mode": "state_then_alternate",
        "hours": "paired",
        "gap": 4 * HOUR,
        "longest": 16 * HOUR,
        "over_long": "hold",
        "repeated_in": "keep_first",
        "repeat_within": 600,
        "auto_close": None,
        "auto_close_after": 0,
        "shows_out": "last_closed",
    },
    "duplicates": {"window": 60, "keep": "first", "fixed": False},
    "dating": {"kind": "shift_start", "strict_split": False},
    "roundings": [],
    "breaks": [],
    "overtime": {
        "tiers": [],
        "weekly_counts": "straight_time",
        "week_start": 0,
        "anchor": "2024-01-01",
        "minimum": 0,
        "rounding": None,
        "cap": None,
        "tolerance": 0,
        "undertime_tolerance": 0,
        "before_start": True,
        "regular": "REG",
        "dropped": "REG",
    },
    "premiums": [],
    "status": {"half_day_below": None, "absent_below": None, "single_punch": "flag", "sandwich": False},
    "punctuality": {
        "mark_late": True,
        "mark_early": True,
        "late_grace": 0,
        "early_grace": 0,
        "beyond_grace": False,
    },
    "anomalies": {
        "long_shift": 14 * HOUR,
        "short_shift": None,
        "no_break_after": None,
        "short_break": None,
        "long_break": None,
        "least_rest": 11 * HOUR,
        "day_limit": None,
        "week_limit": None,
        "over_schedule": None,
        "days_in_a_row": None,
        "early_in": None,
        "late_out": None,
        "skew": 120,
        "future": 300,
        "speed": 70.0,
        "wait": 12 * HOUR,
    },
    "unmatched": "auto",
    "rest_records": True,
    "holiday_by_minute": False,
}

ADD_PERMISSION = "INSERT INTO permissions (resource, action) VALUES (:resource, :action)"
ADD_ROLE = "INSERT INTO roles (name, title, built_in) VALUES (:name, :title, true)"
GRANT = """
INSERT INTO role_permissions (role_id, permission_id)
SELECT r.id, p.id FROM roles r, permissions p
WHERE r.name = :name AND p.resource || ':' || p.action = ANY(:permissions)
"""
ADD_RULES = """
WITH added AS (INSERT INTO rule_sets (code, name, is_default) VALUES ('default', 'Default rules', true) RETURNING id)
INSERT INTO rule_set_versions (rule_set_id, effective, definition)
SELECT id, '-infinity', CAST(:definition AS jsonb) FROM added
"""


def fill() -> None:
    run = op.get_bind().execute
    for permission in EVERYTHING:
        resource, action = permission.split(":")
        run(sa.text(ADD_PERMISSION), {"resource": resource, "action": action})
    for name, (title, permissions) in ROLES.items():
        run(sa.text(ADD_ROLE), {"name": name, "title": title})
        run(sa.text(GRANT), {"name": name, "permissions": permissions})
    run(sa.text(ADD_RULES), {"definition": json.dumps(DEFAULT_RULES)})

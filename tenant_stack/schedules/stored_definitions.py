"""Definitions as they lie in the database: the engine's dataclasses as plain JSON, and back.

Whole, with every default written out, so that a later default of the engine changes nothing that was saved before.
Code and date are columns of their own and no part of the JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pydantic import TypeAdapter

from tenant_stack.rules.inputs import Shift
from tenant_stack.rules.ruleset import RuleSet

_SHIFT = TypeAdapter(Shift)
_RULES = TypeAdapter(RuleSet)

Stored = dict[str, object]


def stored_shift(shift: Shift) -> Stored:
    """A shift's version as JSON."""
    return _without_columns(_SHIFT.dump_python(shift, mode="json"))


def shift_of(code: str, effective: date, stored: Mapping[str, object]) -> Shift:
    """The engine's shift of a row."""
    return _SHIFT.validate_python({**stored, "code": code, "effective": effective})


def stored_rules(rules: RuleSet) -> Stored:
    """A rule set's version as JSON."""
    return _without_columns(_RULES.dump_python(rules, mode="json"))


def rules_of(code: str, effective: date, stored: Mapping[str, object]) -> RuleSet:
    """The engine's rule set of a row."""
    return _RULES.validate_python({**stored, "code": code, "effective": effective})


def _without_columns(plain: Stored) -> Stored:
    return {name: value for name, value in plain.items() if name not in {"code", "effective"}}

"""Problems that the engine finds in a configuration, as 422 answers: the field by its name in the API, the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from foundation.errors import Invalid
from tenant_stack.rules.inputs import Shift
from tenant_stack.rules.ruleset import RuleSet
from tenant_stack.rules.validation import RuleProblem, ruleset_problems, shift_problems
from tenant_stack.schedules.definitions import Definition, RuleSetDefinition, ShiftDefinition


def refusal(field: str, reason: str) -> Invalid:
    """422 with the field and one sentence."""
    return Invalid("invalid_definition", reason[:1].upper() + reason[1:], field=field)


def check_shift(shift: Shift, at: str = "definition") -> None:
    """Refuse a shift that cannot work."""
    for problem in shift_problems(shift):
        parts = _parts(problem, f"shifts.{shift.code}")
        if parts[0] == "breaks" and len(parts) > 2:  # the engine names both kinds of breaks alike
            parts[0] = "break_rules"
        raise refusal(_path(at, parts, ShiftDefinition), problem.reason)


def check_rules(rules: RuleSet, at: str = "definition") -> None:
    """Refuse a rule set that cannot work."""
    for problem in ruleset_problems(rules):
        parts = _parts(problem, f"rules.{rules.code}")
        if parts[:2] == ["overtime", "roundings"]:
            parts[1:3] = ["rounding"]
        if parts[0] == "premiums":
            parts[1] = str([each.code for each in rules.premiums].index(parts[1]))
        raise refusal(_path(at, parts, RuleSetDefinition), problem.reason)


def _parts(problem: RuleProblem, prefix: str) -> list[str]:
    return problem.field.removeprefix(f"{prefix}.").split(".")


def _path(at: str, parts: Sequence[str], model: type[Definition]) -> str:
    """The path with the API's names: ``shift.before`` is called ``before_minutes`` there."""
    names = [at]
    inner: type[Definition] | None = model
    for part in parts:
        field = None if inner is None or part.isdigit() else inner.model_fields.get(part)
        if field is None:
            names.append(part)
            continue
        names.append(field.alias or part)
        inner = _definition_in(field.annotation)
    return ".".join(names)


def _definition_in(annotation: Any) -> type[Definition] | None:
    if isinstance(annotation, type) and issubclass(annotation, Definition):
        return annotation
    return next((found for each in get_args(annotation) if (found := _definition_in(each)) is not None), None)

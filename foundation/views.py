"""Views of the API read from rows."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel

View = TypeVar("View", bound=BaseModel)


def view_of(view: type[View], row: object, **given: Any) -> View:
    """A view with the attributes of a row that have the names of its fields; fields in ``given`` are not read."""
    return view(**{name: getattr(row, name) for name in view.model_fields if name not in given}, **given)

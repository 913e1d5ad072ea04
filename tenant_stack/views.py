"""Views of the API, read from rows."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel

View = TypeVar("View", bound=BaseModel)


def view_of(view: type[View], row: object, **derived: object) -> View:
    """The view with the row's attributes of the same names; ``derived`` gives fields that are computed or renamed."""
    return view.model_validate(
        {name: getattr(row, name) for name in view.model_fields if name not in derived} | derived
    )

"""What the API takes and shows of a row, declared by the fields that it shares with the table."""

from __future__ import annotations

from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID

from pydantic_core import PydanticUndefined
from sqlmodel import SQLModel


class Form(SQLModel):
    """What people enter; a field that is not declared is refused."""

    model_config = {"extra": "forbid"}


class View(SQLModel):
    """A view of a row, read from its attributes.

    Fields that it inherits from the base it shares with the table are always present, and without the limits and
    conversions that hold for what people enter: the row was checked when it was written.
    """

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        inherited = [field for name, field in cls.model_fields.items() if name not in cls.__annotations__]
        for field in inherited:
            field.annotation, field.metadata, field.description = _plain(field.annotation), [], None
            field.default = PydanticUndefined
        cls.model_rebuild(force=True)


class IdentifiedView(View):
    """A view of a row with an id, which comes first."""

    id: UUID


def _plain(annotation: Any) -> Any:
    """A type without what ``Annotated`` adds to it."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    parts = get_args(annotation)
    return Union[tuple(_plain(part) for part in parts)] if type(None) in parts else annotation  # noqa: UP007

"""One declaration of fields for a table, the form that fills it and the view that shows it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import pytest
from pydantic import BeforeValidator, Field, StringConstraints, ValidationError
from sqlmodel import SQLModel

from foundation.database import Identified, Table, column, service_registry
from foundation.views import Form, IdentifiedView

Word = Annotated[str, StringConstraints(min_length=1), Field(max_length=12, description="A word")]
BlankIsNone = BeforeValidator(lambda value: value or None)


class ThingFields(SQLModel):
    word: Word
    nickname: Annotated[Word | None, BlankIsNone] = None
    active: bool = column(default=True)


class Base(Table, registry=service_registry()):
    pass


class Thing(ThingFields, Identified, Base, table=True):
    __tablename__ = "things"


class ThingIn(ThingFields, Form):
    pass


class ThingView(ThingFields, IdentifiedView):
    uses: int


def test_columns_have_the_lengths_that_the_types_declare() -> None:
    columns = Thing.__table__.c
    assert [str(columns[name].type) for name in ("word", "nickname", "active")] == [
        "VARCHAR(12)",
        "VARCHAR(12)",
        "BOOLEAN",
    ]
    assert [columns[name].nullable for name in ("word", "nickname", "active")] == [False, True, False]


def test_each_service_has_tables_of_its_own() -> None:
    assert set(Base.metadata.tables) == {"things"}
    assert "things" not in SQLModel.metadata.tables


def test_a_row_is_equal_only_to_itself() -> None:
    row, twin = Thing(word="a"), Thing(word="a")
    assert row == row
    assert len({row, twin}) == 2


def test_a_form_converts_and_limits_and_refuses_what_it_does_not_know() -> None:
    assert ThingIn.model_validate({"word": "a", "nickname": ""}).model_dump() == {
        "word": "a",
        "nickname": None,
        "active": True,
    }
    for wrong in ({"word": "a" * 13}, {"word": "a", "nickname": "a" * 13}, {"word": "a", "size": 1}, {}):
        with pytest.raises(ValidationError):
            ThingIn.model_validate(wrong)


def test_a_view_has_every_field_without_limits() -> None:
    schema = ThingView.model_json_schema(mode="serialization")
    assert schema["required"] == ["id", "word", "nickname", "active", "uses"]
    assert schema["properties"]["word"] == {"title": "Word", "type": "string"}
    assert schema["properties"]["nickname"] == {
        "anyOf": [{"type": "string"}, {"type": "null"}],
        "title": "Nickname",
    }
    row = Thing(id=UUID(int=1), word="a" * 13, active=False)
    assert ThingView.model_validate(row, update={"uses": 2}).word == "a" * 13

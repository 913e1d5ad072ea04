"""A mypy plugin: a field read from a table class is a column.

SQLModel declares ``name: str``, so mypy takes ``Staff.name`` for a string, but on the class SQLAlchemy puts an
instrumented attribute, the column in a statement. With this plugin mypy knows it as one, and statements are written as
SQLModel's documentation writes them, without ``col()`` around every column. On an instance the field keeps its type.
"""

from __future__ import annotations

from collections.abc import Callable

from mypy.checker import TypeChecker
from mypy.nodes import TypeInfo
from mypy.plugin import AttributeContext, Plugin
from mypy.types import FunctionLike, Instance, Type, TypeType, get_proper_type

MODEL = "sqlmodel.main.SQLModel"
COLUMN_MODULE, COLUMN = "sqlalchemy.orm.attributes", "InstrumentedAttribute"


def _model(of: Type) -> bool:
    """Whether a class object is a SQLModel's."""
    found = get_proper_type(of)
    if isinstance(found, FunctionLike) and found.is_type_obj():
        return found.type_object().has_base(MODEL)
    return isinstance(found, TypeType) and isinstance(found.item, Instance) and found.item.type.has_base(MODEL)


def _column(context: AttributeContext) -> Type:
    if not _model(context.type):
        return context.default_attr_type
    # The plugin interface finds only names that a module imports by their full path; the checker knows all modules.
    assert isinstance(context.api, TypeChecker)
    column = context.api.modules[COLUMN_MODULE].names[COLUMN].node
    assert isinstance(column, TypeInfo)
    return Instance(column, [context.default_attr_type])


class SQLModelColumns(Plugin):
    """Gives the columns of a service's tables their type; everything else is left as it is."""

    def get_class_attribute_hook(self, fullname: str) -> Callable[[AttributeContext], Type] | None:
        name = fullname.rpartition(".")[2]
        return _column if ".tables." in fullname and not name.startswith(("_", "model_", "metadata")) else None


def plugin(version: str) -> type[Plugin]:
    return SQLModelColumns

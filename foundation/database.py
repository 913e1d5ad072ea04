"""PostgreSQL: one engine a process, one transaction a request or job, one place that commits.

`Database.transaction` is that place. Services receive the session, flush when they need an id, and never commit. What
must follow a commit (waking a worker, say) is registered with `after_commit` and dropped on rollback.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, ClassVar, get_args
from uuid import UUID

import pydantic
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import registry
from sqlalchemy.schema import SchemaItem
from sqlmodel import Field, SQLModel

from foundation.errors import Conflict
from foundation.logs import get_logger

AfterCommit = Callable[[], Awaitable[None]]

COLUMN_OPTIONS = ("name", "server_default", "onupdate", "autoincrement")
NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def service_registry() -> registry:
    """A service's own registry and metadata: ``class Base(Table, registry=service_registry())``."""
    return registry(metadata=sa.MetaData(naming_convention=NAMING_CONVENTION))


class Instant(sa.DateTime):
    """``timestamptz``: every instant is stored with its zone."""

    def __init__(self, timezone: bool = True) -> None:
        super().__init__(timezone=timezone)


class Json(JSONB):
    """``jsonb`` in which Python's None is SQL's NULL, never JSON's."""

    def __init__(self, none_as_null: bool = True) -> None:
        super().__init__(none_as_null=none_as_null)


def column(*parts: Any, **options: Any) -> Any:
    """`sqlmodel.Field` with what it has no words for.

    ``parts``: an SQL type and constraints, as `sqlalchemy.Column` takes them. ``options``: those of `sqlmodel.Field`,
    and ``name``, ``server_default``, ``onupdate`` and ``autoincrement`` of `sqlalchemy.Column`. An attribute that was
    never set is left to the server's default.
    """
    options["sa_column_kwargs"] = {name: options.pop(name) for name in COLUMN_OPTIONS if name in options}
    options["sa_column_args"] = [part for part in parts if isinstance(part, SchemaItem)]
    for sql_type in parts:
        if not isinstance(sql_type, SchemaItem):
            options["sa_type"] = sql_type
    options.setdefault("default", None)
    return Field(**options)


def identity(**options: Any) -> Any:
    """A number that the server counts up, never given by us."""
    return column(sa.BigInteger, sa.Identity(always=True), **options)


def server_now() -> Any:
    """The transaction's time by the server's clock, to be given to an instant of a row; known once it is flushed."""
    return sa.func.now()


class Table(SQLModel):
    """What every table class has beside its fields. Each service's ``Base`` derives from it."""

    __table__: ClassVar[sa.Table]

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """A text whose type limits its length gets a column of that length; SQLModel looks no deeper than the field."""
        for field in cls.model_fields.values():
            if length := _length(field.annotation):
                field.metadata = [*pydantic.Field(max_length=length).metadata, *field.metadata]


def _length(annotation: Any) -> int | None:
    """The ``max_length`` of a text type, also of one that may be None."""
    for part in get_args(annotation):
        limits = [part, *getattr(part, "metadata", ())]
        if found := next((each.max_length for each in limits if getattr(each, "max_length", None)), _length(part)):
            return int(found)
    return None


class Identified(SQLModel):
    """A UUIDv7 primary key: ordered by creation, made by the database."""

    id: UUID = column(primary_key=True, server_default=sa.text("uuidv7()"))


class Timestamped(SQLModel):
    """When a row was made and last changed."""

    created_at: datetime = column(Instant, server_default=sa.func.now())
    updated_at: datetime = column(Instant, server_default=sa.func.now(), onupdate=sa.func.now())


class Database:
    """An engine and its transactions. Open it inside the running event loop that will use it."""

    def __init__(self, url: str, *, pool_size: int = 3, max_overflow: int = 2, application_name: str = "punctual"):
        self.engine = create_async_engine(
            url.replace("postgresql://", "postgresql+asyncpg://", 1),
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=10,
            pool_pre_ping=True,
            connect_args={"server_settings": {"application_name": application_name, "timezone": "UTC"}},
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose work is committed when the block ends well, and rolled back when it raises."""
        async with self._sessions() as session:
            async with session.begin():
                yield session
            for callback in after_commit_of(session):
                try:
                    await callback()
                except Exception:  # noqa: BLE001 - the change is committed; a lost hint costs seconds, not correctness
                    get_logger().warning("after_commit.failed", exc_info=True)

    async def close(self) -> None:
        await self.engine.dispose()


def after_commit(session: AsyncSession, callback: AfterCommit) -> None:
    """Run a coroutine function once this transaction has committed; never if it rolls back."""
    session.info.setdefault("after_commit", []).append(callback)


def after_commit_of(session: AsyncSession) -> list[AfterCommit]:
    """The callbacks registered so far, in order."""
    return list(session.info.get("after_commit", []))


@asynccontextmanager
async def unique(session: AsyncSession, **fields: str) -> AsyncIterator[None]:
    """Turn a broken unique constraint inside the block into a 409 that names the field.

    ``fields`` maps the constraint's name to the field: ``unique(session, uq_staff_employee_id="employee_id")``.
    The block runs in a savepoint, so the transaction stays usable.
    """
    try:
        async with session.begin_nested():
            yield
            await session.flush()
    except IntegrityError as error:
        constraint = constraint_of(error)
        if constraint in fields:
            field = fields[constraint]
            raise Conflict(f"{field}_taken", f"Another entry already has this {field}", field=field) from error
        raise


def constraint_of(error: IntegrityError) -> str:
    """The name of the constraint that a statement broke, empty when the driver does not say."""
    cause = getattr(error.orig, "__cause__", None)
    return str(getattr(cause, "constraint_name", "") or "")

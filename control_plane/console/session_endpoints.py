"""Who is signed in at the console."""

from __future__ import annotations

from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.requests import Request

from control_plane.tables.operators import Operator
from foundation.database import Database
from foundation.sign_in.principal import Principal, SignedIn


class UserOut(BaseModel):
    id: str
    name: str
    email: str


class SessionOut(BaseModel):
    """The caller and what they may do; the console shows only that."""

    user: UserOut
    permissions: list[str]


def operators_router() -> APIRouter:
    router = APIRouter(prefix="/api", tags=["session"])
    router.add_api_route("/session", session, methods=["GET"])
    return router


async def session(request: Request, caller: Annotated[Principal, Depends(SignedIn())]) -> SessionOut:
    """The caller; 401 when nobody is signed in."""
    user = UserOut(id=caller.id, name=caller.label, email="")
    if caller.kind == "user":
        database = cast(Database, request.app.state.parts.database)
        async with database.transaction() as transaction:
            operator = await transaction.get_one(Operator, UUID(caller.id))
        user = UserOut(id=caller.id, name=operator.name or caller.label, email=operator.email)
    return SessionOut(user=user, permissions=sorted(caller.permissions))

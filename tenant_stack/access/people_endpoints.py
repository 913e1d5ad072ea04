"""``/api/users``, ``/api/roles``, ``/api/sessions``: who signs in, what they may do, where they are signed in."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from foundation.database import after_commit
from foundation.errors import NotFound
from foundation.pagination import Page
from foundation.sign_in.principal import Principal, RecentLogin, Requires
from foundation.sign_in.sessions import Session, Sessions
from tenant_stack.access import roles, users
from tenant_stack.access.dependencies import AnyCaller, Paging, Settings, SignIn, Transaction
from tenant_stack.access.people_schemas import (
    Invitation,
    InviteIn,
    RoleIn,
    RoleList,
    RoleView,
    SessionFacts,
    SessionList,
    UserIn,
    UserStatus,
    UserView,
)
from tenant_stack.tables.base import audited
from tenant_stack.views import view_of

Reader = Annotated[Principal, Depends(Requires("users:read"))]
SessionEnder = Annotated[Principal, Depends(Requires("users:update"))]
Creator = Annotated[Principal, Depends(RecentLogin("users:create"))]
Editor = Annotated[Principal, Depends(RecentLogin("users:update"))]
Remover = Annotated[Principal, Depends(RecentLogin("users:delete"))]


def people_router() -> APIRouter:
    router = APIRouter(prefix="/api", tags=["users"])
    router.add_api_route("/users", list_users, methods=["GET"])
    router.add_api_route("/users", invite_user, methods=["POST"], status_code=201)
    router.add_api_route("/users/{user_id}", read_user, methods=["GET"])
    router.add_api_route("/users/{user_id}", update_user, methods=["PUT"])
    router.add_api_route("/users/{user_id}", delete_user, methods=["DELETE"], status_code=204)
    router.add_api_route("/users/{user_id}/invite", invite_user_again, methods=["POST"])
    router.add_api_route("/users/{user_id}/sessions", list_user_sessions, methods=["GET"])
    router.add_api_route("/users/{user_id}/sessions", end_user_sessions, methods=["DELETE"], status_code=204)
    router.add_api_route("/roles", list_roles, methods=["GET"])
    router.add_api_route("/roles", create_role, methods=["POST"], status_code=201)
    router.add_api_route("/roles/{name}", read_role, methods=["GET"])
    router.add_api_route("/roles/{name}", update_role, methods=["PUT"])
    router.add_api_route("/roles/{name}", delete_role, methods=["DELETE"], status_code=204)
    router.add_api_route("/sessions", list_own_sessions, methods=["GET"])
    router.add_api_route("/sessions", end_own_other_sessions, methods=["DELETE"], status_code=204)
    router.add_api_route("/sessions/{session_id}", end_own_session, methods=["DELETE"], status_code=204)
    return router


async def list_users(
    caller: Reader,
    session: Transaction,
    page: Paging,
    q: Annotated[str | None, Query(max_length=100)] = None,
    status: UserStatus | None = None,
    role: Annotated[str | None, Query(max_length=40)] = None,
) -> Page[UserView]:
    """Users by e-mail."""
    return await users.list_users(session, page, q=q, status=status, role=role)


async def invite_user(
    entered: InviteIn, caller: Creator, session: Transaction, settings: Settings, sign_in: SignIn
) -> Invitation:
    """Make an account for somebody; send them the link of the answer."""
    return await users.invite(session, caller, entered, settings.public_url, sign_in.seals)


async def read_user(user_id: UUID, caller: Reader, session: Transaction) -> UserView:
    """One user."""
    return await users.read_user(session, user_id)


async def update_user(
    user_id: UUID, entered: UserIn, caller: Editor, session: Transaction, sign_in: SignIn
) -> UserView:
    """Replace roles, limits and whether the user may sign in; it acts on their next request."""
    view = await users.update_user(session, caller, user_id, entered)
    if view.status == "suspended":
        after_commit(session, partial(_end_all, sign_in.sessions, str(user_id)))
    return view


async def delete_user(user_id: UUID, caller: Remover, session: Transaction, sign_in: SignIn) -> Response:
    """Remove an account."""
    await users.delete_user(session, caller, user_id)
    after_commit(session, partial(_end_all, sign_in.sessions, str(user_id)))
    return Response(status_code=204)


async def invite_user_again(
    user_id: UUID, caller: Editor, session: Transaction, settings: Settings, sign_in: SignIn
) -> Invitation:
    """A fresh link for somebody who has not signed in yet."""
    return await users.invite_again(session, caller, user_id, settings.public_url, sign_in.seals)


async def list_roles(caller: Reader, session: Transaction) -> RoleList:
    """All roles and the matrix they are made from."""
    return await roles.list_roles(session)


async def create_role(entered: RoleIn, caller: Creator, session: Transaction) -> RoleView:
    """A role of the organisation's own."""
    return await roles.create_role(session, caller, entered)


async def read_role(name: str, caller: Reader, session: Transaction) -> RoleView:
    """One role."""
    return await roles.read_role(session, name)


async def update_role(name: str, entered: RoleIn, caller: Editor, session: Transaction) -> RoleView:
    """Replace a role's title and permissions; it acts on the next request of whoever has it."""
    return await roles.update_role(session, caller, name, entered)


async def delete_role(name: str, caller: Remover, session: Transaction) -> Response:
    """Remove a role that nobody has."""
    await roles.delete_role(session, caller, name)
    return Response(status_code=204)


async def list_own_sessions(caller: AnyCaller, sign_in: SignIn) -> SessionList:
    """Where the caller is signed in."""
    found = await sign_in.sessions.of_account(caller.id)
    return SessionList(items=[_facts(each, caller) for each in found])


async def end_own_session(session_id: str, caller: AnyCaller, sign_in: SignIn, session: Transaction) -> Response:
    """Sign out one of one's own browsers."""
    found = [each for each in await sign_in.sessions.of_account(caller.id) if each.id == session_id]
    if not found:
        raise NotFound("session_not_found", "There is no such session")
    await sign_in.sessions.end(found[0])
    audited(session, caller.actor, "session.end", "session", session_id)
    return Response(status_code=204)


async def end_own_other_sessions(caller: AnyCaller, sign_in: SignIn, session: Transaction) -> Response:
    """Sign out everywhere but here."""
    ended = await sign_in.sessions.end_all(caller.id, but=caller.session_id)
    audited(session, caller.actor, "session.end_others", "user", caller.id, after={"ended": ended})
    return Response(status_code=204)


async def list_user_sessions(user_id: UUID, caller: Reader, session: Transaction, sign_in: SignIn) -> SessionList:
    """Where a user is signed in."""
    await users.read_user(session, user_id)
    found = await sign_in.sessions.of_account(str(user_id))
    return SessionList(items=[_facts(each, caller) for each in found])


async def end_user_sessions(user_id: UUID, caller: SessionEnder, session: Transaction, sign_in: SignIn) -> Response:
    """Sign a user out everywhere."""
    await users.read_user(session, user_id)
    ended = await sign_in.sessions.end_all(str(user_id))
    audited(session, caller.actor, "session.end_all", "user", user_id, after={"ended": ended})
    return Response(status_code=204)


async def _end_all(sessions: Sessions, account_id: str) -> None:
    await sessions.end_all(account_id)


def _facts(each: Session, caller: Principal) -> SessionFacts:
    return view_of(SessionFacts, each, current=each.id == caller.session_id)

"""``/api/clients``: machines that use the API."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from foundation.pagination import Page
from foundation.sign_in.principal import Principal, RecentLogin, Requires
from tenant_stack.access import clients as service
from tenant_stack.access.client_schemas import ClientIn, ClientView, NewSecret
from tenant_stack.access.dependencies import Paging, Transaction

Reader = Annotated[Principal, Depends(Requires("clients:read"))]
Creator = Annotated[Principal, Depends(RecentLogin("clients:create"))]
Editor = Annotated[Principal, Depends(RecentLogin("clients:update"))]
Remover = Annotated[Principal, Depends(RecentLogin("clients:delete"))]


def clients_router() -> APIRouter:
    router = APIRouter(prefix="/api/clients", tags=["clients"])
    router.add_api_route("", list_clients, methods=["GET"])
    router.add_api_route("", create_client, methods=["POST"], status_code=201)
    router.add_api_route("/{client_id}", read_client, methods=["GET"])
    router.add_api_route("/{client_id}", update_client, methods=["PUT"])
    router.add_api_route("/{client_id}", revoke_client, methods=["DELETE"], status_code=204)
    router.add_api_route("/{client_id}/secrets", add_client_secret, methods=["POST"], status_code=201)
    router.add_api_route("/{client_id}/secrets/{secret_id}", remove_client_secret, methods=["DELETE"])
    return router


async def list_clients(
    caller: Reader, session: Transaction, page: Paging, q: Annotated[str | None, Query(max_length=100)] = None
) -> Page[ClientView]:
    """Machine clients by name."""
    return await service.list_clients(session, page, q=q)


async def create_client(entered: ClientIn, caller: Creator, session: Transaction) -> NewSecret:
    """Register a machine; its secret is in this answer and nowhere else."""
    return await service.add_client(session, caller, entered)


async def read_client(client_id: str, caller: Reader, session: Transaction) -> ClientView:
    """One client."""
    return await service.read_client(session, client_id)


async def update_client(client_id: str, entered: ClientIn, caller: Editor, session: Transaction) -> ClientView:
    """Replace name, scopes and rate; the caller answers for the scopes from now on."""
    return await service.update_client(session, caller, client_id, entered)


async def revoke_client(client_id: str, caller: Remover, session: Transaction) -> Response:
    """Refuse the client from its next request on."""
    await service.revoke_client(session, caller, client_id)
    return Response(status_code=204)


async def add_client_secret(client_id: str, caller: Editor, session: Transaction) -> NewSecret:
    """A second secret, valid beside the first until that is removed."""
    return await service.rotate_secret(session, caller, client_id)


async def remove_client_secret(client_id: str, secret_id: UUID, caller: Editor, session: Transaction) -> ClientView:
    """Refuse a secret from now on."""
    return await service.remove_secret(session, caller, client_id, secret_id)

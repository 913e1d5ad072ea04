"""Requests of the control plane to an organisation's own back end, under the token that both share."""

from __future__ import annotations

import httpx
from pydantic import BaseModel

from control_plane.organisations.naming import Names
from control_plane.ports.bundle import Ports
from control_plane.ports.driver import Role
from control_plane.provisioning.credentials import find_credentials
from foundation.errors import BadGateway, Unavailable
from foundation.outbound import service_client


async def ask_stack(
    ports: Ports, slug: str, method: str, path: str, message: BaseModel | None = None, *, timeout: float = 10.0
) -> httpx.Response:
    """The answer to ``/internal/control/<path>``. Raises `Unavailable` when nothing answers."""
    names = Names(slug, ports.base_domain)
    credentials = await find_credentials(ports.vault, names)
    if credentials is None:
        raise Unavailable("stack_away", "The organisation is still being set up; try again shortly", retry_after=5)
    address = ports.driver.address(names.stack, Role.BACKEND)
    document = message.model_dump(mode="json") if message is not None else None
    try:
        async with service_client(address, token=credentials.control_token, timeout=timeout) as backend:
            return await backend.request(method, f"/internal/control/{path}", json=document)
    except httpx.TransportError as error:
        raise Unavailable("stack_away", "The organisation's back end does not answer", retry_after=5) from error


def content_of(answer: httpx.Response) -> bytes:
    """The body of a 200 or 201; raises `BadGateway` for every other status."""
    if answer.status_code not in (200, 201):
        raise BadGateway("stack_failed", f"The organisation's back end answered {answer.status_code}")
    return answer.content

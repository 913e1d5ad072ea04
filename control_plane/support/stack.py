"""Asking an organisation's back end about support access."""

from __future__ import annotations

import httpx
from pydantic import BaseModel

from control_plane.drivers.base import Role
from control_plane.organisations.naming import Names
from control_plane.provisioning.context import Ports
from control_plane.provisioning.credentials import find_credentials
from foundation.errors import BadGateway, Conflict, NotFound, Unavailable
from foundation.outbound import service_client


async def ask(ports: Ports, slug: str, method: str, path: str = "", message: BaseModel | None = None) -> bytes:
    """The answer of the organisation's own back end, under its own token."""
    names = Names(slug, ports.base_domain)
    credentials = await find_credentials(ports.vault, names)
    if credentials is None:
        raise Unavailable("stack_away", "The organisation is still being set up; try again shortly", retry_after=5)
    address = ports.driver.address(names.stack, Role.BACKEND)
    document = message.model_dump(mode="json") if message is not None else None
    try:
        async with service_client(address, token=credentials.control_token) as backend:
            answer = await backend.request(method, f"/internal/control/support{path}", json=document)
    except httpx.TransportError as error:
        raise Unavailable("stack_away", "The organisation's back end does not answer", retry_after=5) from error
    if answer.status_code == 404:
        raise NotFound("support_unknown", "The organisation knows of no such support access")
    if answer.status_code == 409:
        raise Conflict("support_not_open", "This access is not open: it waits for approval, or is over")
    if answer.status_code != 200:
        raise BadGateway("stack_failed", f"The organisation's back end answered {answer.status_code}")
    return answer.content

"""``/api/device-claims``: an organisation's back end asks whether serials are its own (`foundation.contracts.control`).

Who asks is known by the control token that the organisation and the control plane share.
"""

from __future__ import annotations

import hmac

from fastapi import APIRouter, Depends, Request

from control_plane.console.composition import Parts
from control_plane.devices import service
from control_plane.organisations.naming import Names
from control_plane.organisations.service import find
from control_plane.provisioning.credentials import find_credentials
from foundation.contracts.control import DeviceClaims, DeviceClaimsAnswer
from foundation.errors import NotFound, NotSignedIn
from foundation.sign_in.principal import Public, bearer_token


def device_claims_router() -> APIRouter:
    router = APIRouter(prefix="/api/device-claims", tags=["internal"], dependencies=[Depends(Public())])
    router.add_api_route("", claim_devices, methods=["POST"])
    return router


async def claim_devices(request: Request, asked: DeviceClaims) -> DeviceClaimsAnswer:
    """Claim serials for the organisation that asks; the first claim has it."""
    parts: Parts = request.app.state.parts
    credentials = await find_credentials(parts.ports.vault, Names(asked.slug, parts.settings.base_domain))
    offered = bearer_token(request) or ""
    if credentials is None or not hmac.compare_digest(offered.encode(), credentials.control_token.encode()):
        raise NotSignedIn("service_token_invalid", "This route is for an organisation's back end")
    async with parts.database.transaction() as session:
        try:
            organisation = await find(session, asked.slug)
        except NotFound as error:
            raise NotSignedIn("service_token_invalid", "This route is for an organisation's back end") from error
        return await service.claim(session, organisation.id, asked)

"""An owner invites a colleague, who signs in through the provider's own pages with the role that was given."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
import time
from pathlib import Path

from control_plane.local.platform import Platform
from foundation.outbound import http_client
from tests.browser import cookie_of, credentials_of, signed_in_cookie
from tests.operator import Operator


async def test_a_colleague_signs_in_by_the_mailed_link(
    operator: Operator, platform: Platform, two_organisations: tuple[str, str]
) -> None:
    slug = two_organisations[0]
    portal = (await credentials_of(operator, slug))["portal_url"]
    address = f"layla@{slug}.test"
    page = {"origin": portal, "x-punctual": "1"}
    async with http_client(ca_file=operator.ca_file, timeout=30) as http:
        owner = page | {"cookie": f"__Host-session={await signed_in_cookie(operator, slug)}"}
        invited = {"email": address, "name": "Layla", "roles": ["manager"]}
        made = await http.post(f"{portal}/api/users", json=invited, headers=owner)
        assert made.status_code == 201, made.text
        async with operator.console() as console:
            answer = await console.post(f"/organisations/{slug}/accounts", json={"email": address, "name": "Layla"})
            assert answer.status_code == 201, answer.text
            account = answer.json()
        link = await mailed_link(platform.home.stacks, address)
        assert link == made.json()["url"]
        cookie = await cookie_of(operator, link, account["user_name"], account["initial_password"])
        session = await http.get(f"{portal}/api/session", headers={"cookie": f"__Host-session={cookie}"})
        assert (session.json()["roles"], session.json()["user"]["email"]) == (["manager"], address)


async def mailed_link(home: Path, recipient: str) -> str:
    """The link of the message to that address, in whatever folder the platform writes mail."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for path in home.rglob("*.eml"):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            body = message.get_body()
            found = re.search(r"https://\S+", str(body.get_content())) if body is not None else None
            if message["To"] == recipient and found is not None:
                return found[0]
        await asyncio.sleep(0.2)
    raise AssertionError(f"no mail to {recipient} came within 30 s")

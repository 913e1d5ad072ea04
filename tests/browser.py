"""Signing in as a person does: through the provider's own pages."""

from __future__ import annotations

import re
from html import unescape

import httpx

from foundation.outbound import http_client
from tests.operator import Operator

FIELD = re.compile(r'<input[^>]*name="(?P<name>[^"]+)"[^>]*?(?:value="(?P<value>[^"]*)")?[^>]*>')


async def credentials_of(operator: Operator, slug: str) -> dict[str, str]:
    """The owner's sign-in at the local provider."""
    async with operator.console() as console:
        answer = await console.get(f"/organisations/{slug}/sign-in")
        assert answer.status_code == 200, answer.text
        found: dict[str, str] = answer.json()
        return found


async def signed_in_cookie(operator: Operator, slug: str) -> str:
    """The session cookie of the organisation's owner, got by filling the provider's forms."""
    person = await credentials_of(operator, slug)
    async with http_client(ca_file=operator.ca_file, timeout=30) as http:
        answer = await _follow(http, await http.get(f"{person['portal_url']}/auth/login"))
        for name, value in (("login", person["user_name"]), ("password", person["initial_password"])):
            fields = {match["name"]: unescape(match["value"] or "") for match in FIELD.finditer(answer.text)}
            fields |= {name: value}
            answer = await _follow(http, await http.post(answer.url, data=fields))
        cookie = next((each.value for each in http.cookies.jar if each.name == "__Host-session"), None)
        assert cookie, f"no session after signing in; the provider says {answer.status_code} at {answer.url}"
        return cookie


async def _follow(http: httpx.AsyncClient, answer: httpx.Response) -> httpx.Response:
    """Follow redirects by hand, as the client does not."""
    for _ in range(10):
        if answer.next_request is None:
            return answer
        answer = await http.send(answer.next_request)
    raise AssertionError("too many redirects")

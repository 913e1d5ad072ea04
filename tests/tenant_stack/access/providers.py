"""Walking through sign-in at a provider of the tests, as a browser does."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.security.hostile_provider import HostileProvider

SETTINGS = "/api/settings/sign-in"


def asked(url: str) -> dict[str, str]:
    """What an address of the provider asks it for."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def draft_of(provider: HostileProvider, **more: Any) -> dict[str, Any]:
    """What an administrator enters for a provider."""
    return {"issuer": provider.issuer, "client_id": provider.client_id, "client_secret": "top-secret-0815", **more}


async def come_back(browser: httpx.AsyncClient, provider: HostileProvider, url: str) -> httpx.Response:
    """Sign in at the provider's page and return with its code."""
    query = asked(url)
    params = {"state": query["state"], "code": provider.authorize(query)}
    return await browser.get("/auth/callback", params=params)


async def walk_in(browser: httpx.AsyncClient, provider: HostileProvider, path: str = "/auth/login") -> httpx.Response:
    begun = await browser.get(path)
    assert begun.status_code == 302, begun.text
    assert begun.headers["location"].startswith(provider.issuer), begun.headers["location"]
    return await come_back(browser, provider, begun.headers["location"])


async def try_draft(browser: httpx.AsyncClient, provider: HostileProvider) -> dict[str, str]:
    """Test the draft in this browser; each layer's state."""
    begun = await browser.post(f"{SETTINGS}/test")
    assert begun.status_code == 200, begun.text
    if (url := begun.json()["url"]) is not None:
        back = await come_back(browser, provider, url)
        assert (back.status_code, back.headers["location"]) == (302, "/settings/sign-in"), back.text
    draft = (await browser.get(SETTINGS)).json()["draft"]
    return {each["name"]: each["state"] for each in draft["report"]}

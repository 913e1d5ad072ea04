"""Signing in as a person does: through the provider's own pages."""

from __future__ import annotations

from html.parser import HTMLParser

import httpx
from playwright.async_api import Page

from foundation.outbound import http_client
from tests.operator import Operator


class _Fields(HTMLParser):
    """Names and values of a page's input fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("name"):
            self.values[str(found["name"])] = found.get("value") or ""


async def credentials_of(operator: Operator, slug: str) -> dict[str, str]:
    """The owner's sign-in at the local provider."""
    async with operator.console() as console:
        answer = await console.get(f"/organisations/{slug}/sign-in")
        assert answer.status_code == 200, answer.text
        found: dict[str, str] = answer.json()
        return found


async def sign_in(page: Page, person: dict[str, str]) -> None:
    """Open the portal and sign in as the person of `credentials_of`, key by key."""
    await page.goto(person["portal_url"])
    await page.get_by_role("link", name="Sign in").or_(page.get_by_role("button", name="Sign in")).first.click()
    for field, value in (("login", person["user_name"]), ("password", person["initial_password"])):
        await page.locator(f"input[name={field}]").fill(value)
        await page.keyboard.press("Enter")


async def signed_in_cookie(operator: Operator, slug: str) -> str:
    """The session cookie of the organisation's owner, got by filling the provider's forms."""
    person = await credentials_of(operator, slug)
    login = f"{person['portal_url']}/auth/login"
    return await cookie_of(operator, login, person["user_name"], person["initial_password"])


async def cookie_of(operator: Operator, login: str, name: str, password: str) -> str:
    """The session cookie of whoever opens ``login`` and fills the provider's forms."""
    async with http_client(ca_file=operator.ca_file, timeout=30) as http:
        answer = await _follow(http, await http.get(login))
        for field, value in (("login", name), ("password", password)):
            fields = _Fields(answer.text).values | {field: value}
            answer = await _follow(http, await http.post(answer.url, data=fields, headers={"referer": str(answer.url)}))
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

"""Sign-in of an organisation's owner through the provider's own pages."""

from __future__ import annotations

from html.parser import HTMLParser

import httpx

from control_plane.local.problem import PlatformProblem
from punctual.demo.api import Api

SESSION = "__Host-session"
MOST_REDIRECTS = 10


class _Form(HTMLParser):
    """The input fields of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("name"):
            self.fields[str(found["name"])] = found.get("value") or ""


async def sign_in(http: httpx.AsyncClient, portal_url: str, user_name: str, password: str) -> Api:
    """The organisation's API in the name of this person; ``http`` keeps their cookies and serves nobody else."""
    answer = await _follow_redirects(http, await http.get(f"{portal_url}/auth/login"))
    for name, value in (("login", user_name), ("password", password)):
        form = _Form(answer.text).fields | {name: value}
        answer = await _follow_redirects(
            http, await http.post(answer.url, data=form, headers={"referer": str(answer.url)})
        )
    if not any(cookie.name == SESSION for cookie in http.cookies.jar):
        raise PlatformProblem(f"{user_name} could not sign in at {portal_url}: {answer.status_code} at {answer.url}")
    return Api(http, portal_url, {"origin": portal_url, "x-punctual": "1"})


async def _follow_redirects(http: httpx.AsyncClient, answer: httpx.Response) -> httpx.Response:
    """Where the redirects end."""
    for _ in range(MOST_REDIRECTS):
        if answer.next_request is None:
            return answer
        answer = await http.send(answer.next_request)
    raise PlatformProblem(f"{answer.url} redirects for ever")

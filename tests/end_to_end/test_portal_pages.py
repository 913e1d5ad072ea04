"""Every page of the portal, opened by the owner in a real browser: it loads, says what it is, and fails at nothing.

The pages are read from the portal's own route table, so a new page is covered by itself. A page about one thing (a
person, a clock …) needs a line in `EXAMPLES` that says where to find one.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import (
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    Route,
    ViewportSize,
    async_playwright,
    expect,
)

from device_bridge.simulator.push_clock import PushClock
from tests.browser import credentials_of, signed_in_cookie
from tests.end_to_end.test_portal import CHROMIUM, FLAGS
from tests.operator import EVERYTHING, Operator, until

ROOT = Path(__file__).parents[2]
ROUTES = ROOT / "tenant_stack" / "portal" / "src" / "routes.tsx"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
#: Which list holds an example for a page about one thing, and the field its address is made of.
EXAMPLES = {
    "/staff/:id": ("/api/staff", "id"),
    "/devices/:id": ("/api/devices", "id"),
    "/schedules/rules/:id": ("/api/rule-sets", "id"),
    "/payroll/profiles/:code": ("/api/payroll/profiles", "code"),
    "/payroll/webhooks/:id": ("/api/webhooks", "id"),
    "/captures/:id": ("/api/enrolments", "id"),
}
#: Pages that no item of the menu leads to.
OFF_THE_MENU = {"/no/such/page", "/sessions"}
DESKTOP = ViewportSize(width=1360, height=900)
PHONE = ViewportSize(width=390, height=844)
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
SCOPES = [
    *EVERYTHING,
    "devices:approve",
    "biometrics:create",
    "biometrics:read",
    "biometrics:update",
    "settings:update",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt install chromium)"),
]


@dataclass
class Watched:
    """What a page complained about while somebody looked at it."""

    path: str = "/"
    complaints: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("console", self.console)
        page.on("response", self.response)
        page.on("requestfailed", self.failed)
        page.on("pageerror", lambda error: self.say(f"fault: {error}"))

    def say(self, what: str) -> None:
        self.complaints.append(f"{self.path}: {what}")

    def console(self, message: ConsoleMessage) -> None:
        # Violations of the content security policy come this way as well.
        if message.type == "error":
            self.say(f"console: {message.text[:200]}")

    def response(self, response: Response) -> None:
        if response.status >= 400:
            self.say(f"{response.status} {response.request.method} {response.url}")

    def failed(self, request: Request) -> None:
        # Leaving a page ends its open readings; that is the browser's doing, not a failure.
        if request.failure != "net::ERR_ABORTED":
            self.say(f"{request.failure} {request.url}")


@pytest.fixture(scope="module")
def slug(operator: Operator) -> str:
    """An organisation of its own: its pages show nothing that other tests left behind."""

    async def onboard() -> None:
        async with operator.console() as console:
            await operator.onboard(console, "pages", zone="Asia/Dubai")

    asyncio.run(onboard())
    return "pages"


@pytest.fixture
async def owner(operator: Operator, slug: str) -> AsyncIterator[BrowserContext]:
    """A browser in which the owner is signed in."""
    portal_url = (await credentials_of(operator, slug))["portal_url"]
    cookie = await signed_in_cookie(operator, slug)
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        context = await browser.new_context(
            ignore_https_errors=True, viewport=DESKTOP, base_url=portal_url, reduced_motion="reduce"
        )
        await context.add_cookies([{"name": "__Host-session", "value": cookie, "url": portal_url, "secure": True}])
        yield context
        await browser.close()


async def furnish(operator: Operator, slug: str) -> PushClock:
    """One of everything that has a page of its own; the clock is to be stopped by the caller."""
    async with operator.console() as console:
        client = await operator.client(console, slug, SCOPES)
    clock = PushClock(client.push_url, "PAGES1", ca_file=operator.ca_file, error_delay=0.3, poll_seconds=0.3)
    async with operator.tenant(client) as api:

        async def call(method: str, path: str, status: int, document: Any = None) -> Any:
            answer: httpx.Response = await api.request(method, path, json=document)
            assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
            return answer.json()

        person = {"employee_id": "P-1", "badge_number": "9001", "name": "Noura of the Long Name bint Abdulrahman"}
        staff_id = (await call("POST", "/api/staff", 201, person))["id"]
        device = {"device_serial": "PAGES1", "name": "Pages gate", "connection": "push"}
        device_id = (await call("POST", "/api/devices", 201, device))["id"]
        await clock.start()
        await call("PUT", f"/api/devices/{device_id}/trust", 200, {"trust": "full"})
        await call("POST", f"/api/staff/{staff_id}/enroll", 202, {"device_ids": [device_id]})

        async def enrolled() -> bool:
            return bool((await call("GET", f"/api/staff/{staff_id}", 200))["enrollment_status"] == "enrolled")

        await until(enrolled, seconds=60, what="the person on the clock")
        clock.punch("9001")
        clock.punch("9002")  # of nobody we know
        text = {"title": "Fingerprints", "text": "We keep a template of your finger to know you at the clock."}
        await call("POST", "/api/consent-texts", 201, text)
        await call("POST", f"/api/staff/{staff_id}/consents", 201, {"how": "written"})
        finger = {"biometric": {"device_id": device_id, "finger_index": 6}}
        await call("POST", f"/api/staff/{staff_id}/enroll", 202, finger)
        hook = {"name": "Payroll", "url": "https://payroll.example.com/hook", "events": ["period.locked"]}
        await call("POST", "/api/webhooks", 201, hook)

        async def computed() -> bool:
            return bool((await call("GET", "/api/attendance/records", 200))["total"])

        await until(computed, seconds=60, what="a record of the punch")
    return clock


async def addresses(page: Page) -> list[str]:
    """Every address of the route table, those about one thing with an example in them."""
    patterns = re.findall(r"\bpath: '([^']+)'", ROUTES.read_text())
    assert len(patterns) > 35, f"the route table is read wrongly: {patterns}"
    found = []
    for pattern in patterns:
        if ":" in pattern:
            assert pattern in EXAMPLES, f"say in EXAMPLES where to find one for {pattern}"
            path, name = EXAMPLES[pattern]
            listed = await page.evaluate("async (path) => (await (await fetch(path)).json()).items", f"{path}?limit=1")
            assert listed, f"there is nothing to show at {pattern}"
            pattern = re.sub(r":\w+", str(listed[0][name]), pattern)
        found.append("/no/such/page" if pattern == "*" else pattern)
    return found


async def settle(page: Page) -> None:
    """Wait for what the page shows in the end: a heading, and nothing that is still being fetched."""
    await expect(page.locator("main h1")).to_be_visible(timeout=20_000)
    await expect(page.locator("main .ant-skeleton, main [aria-busy=true]")).to_have_count(0, timeout=20_000)


async def axe(page: Page, rules: list[str]) -> list[str]:
    """What axe finds wrong and still finds a moment later: colours take a frame or two to change."""
    wrong: list[str] = []
    for _ in range(5):
        if not (wrong := await axe_now(page, rules)):
            break
        await page.wait_for_timeout(300)
    return wrong


async def axe_now(page: Page, rules: list[str]) -> list[str]:
    """What axe finds wrong, a line for each kind."""
    found = await page.evaluate(
        """(rules) => axe.run(document, { runOnly: rules, resultTypes: ['violations'] }).then((result) => ({
            passed: result.passes.length,
            wrong: result.violations.map(({ id, nodes }) => `${id}: ${nodes.length} × ${nodes[0].html.slice(0, 160)}`),
        }))""",
        rules,
    )
    assert found["passed"], "axe looked at nothing"
    wrong: list[str] = found["wrong"]
    return wrong


async def look(page: Page, watched: Watched, path: str) -> None:
    """One page in light, in dark, and as wide as a phone."""
    watched.path = path
    await page.emulate_media(color_scheme="light")
    await page.goto(path)
    await settle(page)
    if await page.locator(".error-panel").count():
        watched.say(f"error state: {await page.locator('.error-panel').first.inner_text()}")
    if path not in OFF_THE_MENU and not await page.locator("nav [aria-current=page]").count():
        watched.say("the menu does not say which page this is")
    # Lent by the debugger: the page's own policy would keep the script out.
    await page.evaluate(AXE.read_text())
    for wrong in await axe(page, RULES):
        watched.say(f"light, {wrong}")
    await page.emulate_media(color_scheme="dark")
    await page.locator("html[data-theme=dark]").wait_for(state="attached")
    for wrong in await axe(page, ["color-contrast"]):
        watched.say(f"dark, {wrong}")
    await page.set_viewport_size(PHONE)
    for _ in range(20):
        if await page.evaluate(FITS):
            break
        await page.wait_for_timeout(100)  # cards replace rows a moment after the window has shrunk
    else:
        watched.say("a phone scrolls sideways")
    await page.set_viewport_size(DESKTOP)


async def test_every_page_opens_without_a_complaint(operator: Operator, slug: str, owner: BrowserContext) -> None:
    clock = await furnish(operator, slug)
    # One tab: the browser paints no other, and colours change only where it paints.
    page, watched = await owner.new_page(), Watched()
    watched.listen(page)
    try:
        await page.goto("/sessions")
        for path in await addresses(page):
            await look(page, watched, path)
    finally:
        await clock.stop()
    # The address of no page is answered with 404 and shows the portal's own page about that.
    unknown = [each for each in watched.complaints if each.startswith("/no/such/page: ")]
    assert len(unknown) == 2, unknown
    assert all("404" in each for each in unknown), unknown
    others = [each for each in watched.complaints if each not in unknown]
    assert others == [], "\n" + "\n".join(others)


async def test_the_menu_is_a_drawer_on_a_phone_and_works_by_keyboard(owner: BrowserContext) -> None:
    page, watched = await owner.new_page(), Watched()
    watched.listen(page)
    await page.set_viewport_size(PHONE)
    await page.goto("/alerts")
    await settle(page)
    name = page.locator(".shell-name")
    assert await name.evaluate("(one) => one.scrollWidth <= one.clientWidth"), "the organisation's name is cut"
    opener = page.get_by_role("button", name="Show the menu")
    await opener.focus()
    await page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog", name="Menu")
    await expect(drawer).to_be_visible()
    await expect(drawer.locator("[aria-current=page]")).to_have_text("Alerts")
    await page.keyboard.press("Escape")
    await expect(drawer).to_be_hidden()
    await expect(opener).to_be_focused()
    await expect(opener).to_have_attribute("aria-expanded", "false")
    await page.keyboard.press("Enter")
    await drawer.get_by_role("link", name="Approvals").click()
    await expect(page).to_have_url(re.compile("/attendance/approvals$"))
    await expect(drawer).to_be_hidden()
    await expect(page.locator("main")).to_be_focused()

    await page.set_viewport_size(DESKTOP)
    menu = page.get_by_role("navigation", name="Main")
    clocks = menu.get_by_role("button", name="Clocks")
    await clocks.click()
    await expect(menu.get_by_role("link", name="Conflicts")).to_be_hidden()
    await page.reload()
    await expect(menu.get_by_role("button", name="Clocks")).to_have_attribute("aria-expanded", "false")
    await page.get_by_role("button", name="Hide the menu").click()
    await expect(menu).to_be_hidden()
    await page.reload()
    await settle(page)
    await expect(menu).to_be_hidden()
    assert watched.complaints == []


async def test_the_menu_holds_only_what_the_person_may_read(owner: BrowserContext) -> None:
    page, watched = await owner.new_page(), Watched()
    await page.goto("/sessions")
    await settle(page)
    session = await page.evaluate("async () => (await fetch('/api/session')).json()")
    watched.listen(page)

    async def fewer(route: Route) -> None:
        # The server would refuse the rest; here it is about what is offered and asked for in the first place.
        await route.fulfill(json=session | {"permissions": ["reports:read", "staff:read"]})

    await page.route("**/api/session", fewer)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    await page.goto("/")
    await settle(page)
    await expect(page).to_have_url(re.compile("/staff$"))
    menu = page.get_by_role("navigation", name="Main")
    await expect(menu.get_by_role("link")).to_have_text(["Staff", "Reports", "Payroll", "Conflicts"])
    await expect(page.get_by_role("button", name="Add a person")).to_have_count(0)
    assert not [url for url in asked if url.endswith(("/api/dashboard", "/api/alerts/counts", "/api/live"))]
    assert watched.complaints == []

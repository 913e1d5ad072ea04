"""The portal in a real browser: a person signs in and sees a punch appear while it happens."""

from __future__ import annotations

import gzip
import os
import re
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, ConsoleMessage, async_playwright, expect

from device_bridge.simulator.push_clock import PushClock
from foundation.outbound import http_client
from tests.browser import credentials_of, sign_in, signed_in_cookie
from tests.operator import Operator, until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt install chromium)"),
]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        await browser.close()


async def test_a_person_signs_in_and_sees_a_live_punch(
    operator: Operator, two_organisations: tuple[str, str], browser: Browser
) -> None:
    slug = two_organisations[0]
    person = await credentials_of(operator, slug)
    async with operator.console() as console:
        client = await operator.client(console, slug)
    clock = PushClock(client.push_url, "BROWSER1", ca_file=operator.ca_file, error_delay=0.3, poll_seconds=5)
    context = await browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    errors: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # The provider's pages ask for fonts that it does not have. Of ours, only the first question, who is there, is
        # refused: nobody (401).
        url = message.location["url"]
        if message.type == "error" and url.startswith(person["portal_url"]) and not url.endswith("/api/session"):
            errors.append(f"{message.text} {url}")

    page.on("console", listen)
    try:
        async with operator.tenant(client) as api:
            staff = {"employee_id": "B-1", "badge_number": "5120", "name": "Layla Farouk"}
            assert (await api.post("/api/staff", json=staff)).status_code == 201
            device = {"device_serial": "BROWSER1", "name": "Browser gate", "connection": "push"}
            assert (await api.post("/api/devices", json=device)).status_code == 201
        await clock.start()
        await sign_in(page, person)
        feed = page.get_by_test_id("live-feed")
        await expect(page.get_by_role("heading", name="Punches as they come")).to_be_visible(timeout=15_000)
        await expect(feed.get_by_text("Layla Farouk")).to_have_count(0)
        clock.punch("5120")
        await expect(feed.get_by_text("Layla Farouk").first).to_be_visible(timeout=2_000)
        await page.reload()
        await expect(feed.get_by_text("Layla Farouk").first).to_be_visible(timeout=5_000)
        assert errors == []
    finally:
        await clock.stop()
        await context.close()


async def test_corrections_are_accepted_and_refused_on_the_approvals_page(
    operator: Operator, two_organisations: tuple[str, str], browser: Browser
) -> None:
    slug = two_organisations[0]
    portal_url = (await credentials_of(operator, slug))["portal_url"]
    async with operator.console() as console:
        # Without `attendance:approve`: what this client asks for waits for somebody.
        clerk = await operator.client(console, slug)
    day = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    context = await browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 900})
    cookie = await signed_in_cookie(operator, slug)
    await context.add_cookies([{"name": "__Host-session", "value": cookie, "url": portal_url, "secure": True}])
    page = await context.new_page()
    async with operator.tenant(clerk) as api:
        person = await api.post("/api/staff", json={"employee_id": "C-1", "name": "Huda Saleh"})
        staff_id = person.json()["id"]

        async def ask(reason: str, start: str, end: str) -> str:
            add = [{"at": f"{day} {start}:00", "direction": "in"}, {"at": f"{day} {end}:00", "direction": "out"}]
            wanted = {"staff_id": staff_id, "work_date": day, "changes": {"add": add}, "reason": reason}
            answer = await api.post("/api/attendance/corrections", json=wanted)
            assert answer.status_code == 201, answer.text
            assert answer.json()["state"] == "proposed"
            return str(answer.json()["id"])

        async def states() -> dict[str, str]:
            listed = (await api.get("/api/attendance/corrections", params={"staff_id": staff_id})).json()["items"]
            return {each["id"]: each["state"] for each in listed}

        async def worked() -> bool:
            listed = (await api.get("/api/attendance/records", params={"staff_id": staff_id})).json()["items"]
            return [(each["work_date"], each["worked_minutes"]) for each in listed] == [(day, 480)]

        forgotten = await ask("The clock was switched off", "08:00", "16:00")
        mistaken = await ask("This was another person", "18:00", "20:00")
        try:
            for reason, choice in (("This was another person", "Refuse"), ("The clock was switched off", "Accept")):
                await page.goto(f"{portal_url}/attendance/approvals")
                row = page.locator("li", has_text=reason)
                await row.get_by_role("button", name="Decide").click()
                form = page.get_by_role("dialog", name="Decide about this correction")
                await form.get_by_text(choice).click()
                await form.get_by_role("button", name="Decide").click()
                await expect(form).to_be_hidden()
                await expect(row).to_have_count(0)
            assert await states() == {forgotten: "approved", mistaken: "rejected"}
            await until(worked, seconds=30, what="the day with the accepted correction, without the refused one")
        finally:
            await context.close()


@pytest.mark.parametrize("encoding", ["br", "gzip", "identity"])
async def test_scripts_are_sent_compressed_and_kept_for_a_year(
    encoding: str, operator: Operator, two_organisations: tuple[str, str]
) -> None:
    portal_url = (await credentials_of(operator, two_organisations[0]))["portal_url"]
    async with http_client(ca_file=operator.ca_file, timeout=30) as http:
        page = await http.get(f"{portal_url}/staff")
        assert page.headers["cache-control"] == "no-cache"
        script = re.search(r'src="(/assets/[^"]+[.]js)"', page.text)
        assert script, page.text
        plain = await http.get(portal_url + script[1], headers={"accept-encoding": "identity"})
        headers = {"accept-encoding": f"{encoding}, deflate;q=0.5"}
        async with http.stream("GET", portal_url + script[1], headers=headers) as answer:
            sent = b"".join([part async for part in answer.aiter_raw()])
        assert answer.status_code == 200
        assert answer.headers.get("content-encoding", "identity") == encoding
        assert answer.headers["content-type"] == plain.headers["content-type"]
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "accept-encoding" in answer.headers["vary"].lower()
        if encoding == "identity":
            assert sent == plain.content
        else:
            assert len(sent) * 2 < len(plain.content)
        if encoding == "gzip":
            assert gzip.decompress(sent) == plain.content
        asked_again = {**headers, "if-none-match": answer.headers["etag"]}
        assert (await http.get(portal_url + script[1], headers=asked_again)).status_code == 304

"""The portal in a real browser: a person signs in and sees a punch appear while it happens."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, ConsoleMessage, async_playwright, expect

from device_bridge.simulator.push_clock import PushClock
from tests.browser import credentials_of, sign_in
from tests.operator import Operator

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

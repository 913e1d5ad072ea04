"""A person sets, sees and removes the organisation's logo in a real browser, and finds it on paper."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image
from playwright.async_api import Browser, FilePayload, Page, Route, expect
from pypdf import PdfReader

from tests.browser import credentials_of, sign_in
from tests.end_to_end.test_portal import CHROMIUM
from tests.end_to_end.test_portal import browser as _browser
from tests.operator import Operator

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt install chromium)"),
]
browser = _browser
SLOW = 20_000
PAPER = "/api/reports/daily?from=2026-09-01&to=2026-09-30&format=pdf"


def file(name: str, kind: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": data}


def picture(width: int = 900) -> bytes:
    drawn = io.BytesIO()
    Image.new("RGBA", (width, 200), (15, 120, 90, 255)).save(drawn, "PNG")
    return drawn.getvalue()


async def width_of(page: Page, name: str) -> int:
    """The natural width of a picture, 0 while the browser does not show it."""
    shown = page.get_by_role("img", name=name)
    await expect(shown).to_be_visible(timeout=SLOW)
    width: int = await shown.evaluate("async picture => { await picture.decode(); return picture.naturalWidth }")
    return width


async def test_a_logo_is_chosen_seen_saved_printed_and_removed(
    operator: Operator, two_organisations: tuple[str, str], browser: Browser
) -> None:
    person = await credentials_of(operator, two_organisations[0])
    context = await browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    panel = page.get_by_role("region", name="Logo")
    chooser = panel.locator("input[type=file]")
    try:
        await sign_in(page, person)
        await page.get_by_role("link", name="Staff", exact=True).wait_for()
        await page.goto(f"{person['portal_url']}/settings")
        await expect(panel.get_by_text("Printed on reports")).to_be_visible(timeout=SLOW)

        for name, kind, data, says in (
            ("logo.svg", "image/svg+xml", b"<svg/>", "The file is not a PNG or JPEG image."),
            ("large.png", "image/png", bytes(1_000_001), "The file is larger than 1 MB."),
            ("broken.png", "image/png", b"no picture", "The image is damaged or incomplete and cannot be read."),
        ):
            await chooser.set_input_files(file(name, kind, data))
            await expect(panel.get_by_text(says)).to_be_visible(timeout=SLOW)
        await chooser.set_input_files(file("wide.png", "image/png", picture(4001)))
        await panel.get_by_role("button", name="Save").click()
        await expect(panel.get_by_text("The image has more than 4,000 pixels on a side.")).to_be_visible(timeout=SLOW)

        await chooser.set_input_files(file("acme.png", "image/png", picture()))
        assert await width_of(page, "Preview of acme.png") == 900
        await panel.get_by_role("button", name="Save").click()
        assert await width_of(page, "The logo as it is printed") == 720
        await expect(panel.get_by_text("720 × 160 pixels")).to_be_visible()

        paper = bytes(await page.evaluate(f"fetch('{PAPER}').then(got => got.bytes()).then(got => [...got])"))
        assert [len(each.images) for each in PdfReader(io.BytesIO(paper)).pages] == [1]
        session = await page.evaluate("fetch('/api/session').then(got => got.json())")
        session["permissions"].remove("settings:update")

        async def without_the_right(route: Route) -> None:
            await route.fulfill(body=json.dumps(session), content_type="application/json")

        await page.route("**/api/session", without_the_right)
        await page.reload()
        assert await width_of(page, "The logo as it is printed") == 720
        await expect(panel.get_by_role("button")).to_have_count(0)
        await page.unroute("**/api/session")
        await page.reload()

        await panel.get_by_role("button", name="Remove").click()
        await page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        await expect(panel.get_by_text("No logo yet")).to_be_visible(timeout=SLOW)
    finally:
        await context.close()

"""A person imports people from a file in a real browser, through the gateway."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.browser import credentials_of, sign_in
from tests.end_to_end.test_portal import CHROMIUM
from tests.end_to_end.test_portal import browser as _browser
from tests.operator import Operator

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt install chromium)"),
]
browser = _browser
FILE = "Pers-Nr;Full name;Dept;Shoe size\nIMP-1;Zoë Müller;Sales;38\nIMP-2;Omar Said;Ops;42\nIMP-3;;Ops;40\n"


async def test_a_file_is_tried_mapped_and_imported(
    operator: Operator, two_organisations: tuple[str, str], browser: Browser
) -> None:
    person = await credentials_of(operator, two_organisations[0])
    context = await browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    try:
        await sign_in(page, person)
        await page.get_by_role("link", name="Staff", exact=True).click()
        await page.get_by_role("link", name="Import a file").click()
        await page.locator("input[type=file]").set_input_files(
            {"name": "people.csv", "mimeType": "text/csv", "buffer": FILE.encode("cp1252")}
        )
        await expect(page.get_by_text("was read as Windows-1252")).to_be_visible(timeout=20_000)
        await expect(page.get_by_text("No column was taken for the employee number")).to_be_visible()
        await page.get_by_label("What Pers-Nr is").click()
        await page.get_by_title("Employee number", exact=True).click()
        await expect(page.get_by_text("Name: This is missing")).to_be_visible(timeout=20_000)
        await page.get_by_role("tab", name="New (2)").click()
        await expect(page.get_by_role("cell", name="Omar Said", exact=True)).to_be_visible()
        await page.get_by_role("button", name="Add 2 people").click()
        said = "Added 2 people, changed 0; 0 were as the file says. 1 row was left out."
        await expect(page.get_by_text(said)).to_be_visible(timeout=20_000)
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Download it with its reason").click()
        assert (await (await download.value).path()).read_text("utf-8-sig").splitlines() == [
            "Pers-Nr,Full name,Dept,Shoe size,Line,Reason",
            "IMP-3,,Ops,40,4,Name: This is missing",
        ]
        await page.get_by_role("link", name="To the list").click()
        await expect(page.get_by_role("link", name="Zoë Müller")).to_be_visible(timeout=20_000)
    finally:
        await context.close()

"""The organisation's logo on paper: once, on the first page, however the paper is made."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pypdf import PdfReader

from tenant_stack.reports.columns import Column
from tenant_stack.reports.writers.document import Document
from tests.tenant_stack.actors import Api
from tests.tenant_stack.conftest import eventually, running_role
from tests.tenant_stack.test_logo import LOGO, encoded, noise, plain, taken


def pictures(pdf: bytes) -> list[int]:
    """How many pictures each page shows."""
    return [len(page.images) for page in PdfReader(io.BytesIO(pdf)).pages]


async def test_it_is_printed_on_papers_made_at_once(api: Api) -> None:
    async def paper() -> bytes:
        params = {"from": "2026-09-01", "to": "2026-09-30", "format": "pdf"}
        answer = await api.client.get("/api/reports/daily", params=params)
        assert answer.status_code == 200, answer.text
        return answer.content

    assert pictures(await paper()) == [0]
    printed = await taken(api, encoded(noise(300, 100)))
    with_logo = PdfReader(io.BytesIO(await paper()))
    assert [len(page.images) for page in with_logo.pages] == [1]
    shown = with_logo.pages[0].images[0].image
    assert shown is not None
    assert shown.convert("RGB").tobytes() == printed.convert("RGB").tobytes()
    await api.delete(LOGO)
    assert pictures(await paper()) == [0]


async def test_it_is_printed_on_papers_of_the_worker(api: Api, document: dict[str, object], tmp_path: Path) -> None:
    """Papers that are asked for and those that are mailed come from the same run."""
    await taken(api, encoded(plain()))
    report = {"kind": "daily", "first": "2026-09-01", "last": "2026-09-30"}
    found = []
    with running_role("worker", document, tmp_path):
        for form in ("pdf", "csv"):
            asked = await api.post("/api/reports/runs", {"report": report, "format": form}, 202)
            path = f"/api/reports/runs/{asked['id']}"

            async def done(path: str = path) -> bool:
                state = (await api.get(path))["state"]
                assert state != "failed"
                return bool(state == "done")

            await eventually(done, seconds=60, what="the run")
            found.append((await api.client.get(f"{path}/file")).content)
    assert pictures(found[0]) == [1]
    assert found[1].startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(("width", "height"), [(720, 240), (720, 20), (30, 240), (16, 16), (1, 240), (720, 1)])
def test_it_stands_beside_the_head_of_the_first_page_alone(width: int, height: int) -> None:
    """And the words of the head stay whole. (Papers in parts: `test_writers`.)"""
    rows = 100
    paper = Document(
        format="pdf",
        title="Absences by department and site",
        organisation="Acme International Trading and Contracting",
        period="1 September 2026 to 12 September 2026",
        zones=["Asia/Dubai"],
        filters=[],
        made="Made for Ann",
        columns=(Column("employee_id", "Employee", width=10), Column("name", "Name", width=26)),
        count=rows,
        logo=base64.b64encode(encoded(plain(width, height))).decode(),
    )
    lines = [paper.plain(), [(0, str(number), f"Person {number}") for number in range(rows)]]
    done = subprocess.run(
        [sys.executable, "-m", "tenant_stack.reports.writers"],
        input="\n".join(json.dumps(line) for line in lines).encode(),
        capture_output=True,
        timeout=120,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.returncode == 0, done.stderr.decode()
    found = pictures(done.stdout)
    assert len(found) > 1
    assert found == [1, *([0] * (len(found) - 1))]
    text = PdfReader(io.BytesIO(done.stdout)).pages[0].extract_text()
    for words in (paper.title, paper.organisation, paper.period):
        assert words in text

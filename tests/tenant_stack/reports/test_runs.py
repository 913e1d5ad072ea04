"""Runs on a real worker: asked for, watched, cancelled, killed in the middle, expired; schedules and their mail."""

from __future__ import annotations

import asyncio
import email
import hashlib
import io
import signal
from datetime import UTC, datetime
from email.policy import default
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from fastapi import FastAPI

from foundation.database import Database
from tenant_stack.reports.recurrence import newest_due, next_due
from tests.tenant_stack.actors import Api
from tests.tenant_stack.conftest import client_of, eventually, page_headers, running_role, sign_in
from tests.tenant_stack.records import run
from tests.tenant_stack.reports.test_reports import PERIOD

REPORT = {"kind": "daily", "first": PERIOD["from"], "last": PERIOD["to"]}
FILL = """
INSERT INTO staff (employee_id, name) SELECT 'F' || n, 'Filler ' || n FROM generate_series(1, 4000) n;
"""
RECORDS = """
INSERT INTO attendance_records (staff_id, work_date, zone, worked_minutes, worked_seconds, status, punch_count)
SELECT s.id, day, 'Asia/Dubai', 480, 28801, 'present', 2 FROM staff s
CROSS JOIN generate_series(date '2026-09-01', date '2026-09-30', interval '1 day') day WHERE s.employee_id LIKE 'F%'
"""
LARGE = {"kind": "daily", "first": "2026-09-01", "last": "2026-09-30"}


async def ask(api: Api, form: str, report: dict[str, Any] = REPORT) -> dict[str, Any]:
    found: dict[str, Any] = await api.post("/api/reports/runs", {"report": report, "format": form}, 202)
    return found


async def finished(api: Api, run_id: str, state: str = "done") -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        found: dict[str, Any] = await api.get(f"/api/reports/runs/{run_id}")
        assert found["state"] in (state, "queued", "running", "stuck"), found
        return found if found["state"] == state else None

    answer: dict[str, Any] = await eventually(look, seconds=90, what=f"a run that is {state}")
    return answer


async def fill(database: Database) -> None:
    """120,000 records: a few seconds of writing."""
    await run(database, FILL.strip().rstrip(";"))
    await run(database, RECORDS)


async def test_a_run_is_written_kept_and_fetched_by_its_owner_only(
    api: Api, app: FastAPI, busy: dict[str, Any], document: dict[str, object], database: Database, tmp_path: Path
) -> None:
    asked = await ask(api, "xlsx")
    assert asked["state"] == "queued"
    assert asked["about"] == ["1 September 2026 to 12 September 2026"]
    await api.call("GET", f"/api/reports/runs/{asked['id']}/file", 409)
    with running_role("worker", document, tmp_path):
        done = await finished(api, asked["id"])
    answer = await api.client.get(f"/api/reports/runs/{asked['id']}/file")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="{done["file_name"]}"'
    assert done["file_name"] == "acme-daily-2026-09-01-to-2026-09-12.xlsx"
    assert hashlib.sha256(answer.content).hexdigest() == done["checksum"]
    assert len(answer.content) == done["bytes"]
    assert done["rows"] == done["rows_total"] == (await api.get("/api/reports/daily", **PERIOD))["total"]
    days = (datetime.fromisoformat(done["expires_at"]) - datetime.fromisoformat(done["finished_at"])).total_seconds()
    assert days == 7 * 86_400
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert book["Report"].max_row == done["rows"] + 2

    for role in ("manager", "viewer"):
        async with client_of(app, **page_headers(await sign_in(app, role))) as client:
            other = await client.get(f"/api/reports/runs/{asked['id']}/file")
            assert other.status_code == (404 if role == "manager" else 403)
            assert (await client.get(f"/api/reports/runs/{asked['id']}")).status_code == 404
            assert (await client.get("/api/reports/runs")).json()["items"] == []

    await run(database, "UPDATE report_runs SET expires_at = now() - interval '1 second'")
    await api.call("GET", f"/api/reports/runs/{asked['id']}/file", 410)
    with running_role("worker", document, tmp_path):

        async def removed() -> bool:
            return bool((await run(database, "SELECT count(*) FROM report_chunks"))[0][0] == 0)

        await eventually(removed, seconds=30, what="the expired file removed")
    assert (await api.get(f"/api/reports/runs/{asked['id']}"))["file"] is False


async def test_a_run_is_cancelled_while_it_writes(
    api: Api, document: dict[str, object], database: Database, tmp_path: Path
) -> None:
    await fill(database)
    await api.post("/api/reports/runs/01890000-0000-7000-8000-000000000000/cancel", status=404)
    with running_role("worker", document, tmp_path):
        asked = await ask(api, "xlsx", LARGE)

        async def writing() -> bool:
            return bool((await api.get(f"/api/reports/runs/{asked['id']}"))["state"] == "running")

        await eventually(writing, seconds=30, what="the run running")
        assert (await api.post(f"/api/reports/runs/{asked['id']}/cancel", status=200))["state"] == "cancelled"
        # The worker is free again: the next run is written.
        after = await ask(api, "csv", {**LARGE, "last": "2026-09-01"})
        assert (await finished(api, after["id"]))["rows"] == 4000
    cancelled = await api.get(f"/api/reports/runs/{asked['id']}")
    assert (cancelled["state"], cancelled["file"]) == ("cancelled", False)
    await api.post(f"/api/reports/runs/{asked['id']}/cancel", status=409)
    chunks = await run(database, "SELECT DISTINCT run_id::text FROM report_chunks")
    assert [row[0] for row in chunks] == [after["id"]]


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM])
async def test_a_worker_ends_in_the_middle_and_the_next_one_writes_the_file(
    sig: signal.Signals, api: Api, document: dict[str, object], database: Database, tmp_path: Path
) -> None:
    await fill(database)
    with running_role("worker", document, tmp_path) as worker:
        asked = await ask(api, "csv", LARGE)

        async def chunks() -> bool:
            return bool((await run(database, "SELECT count(*) FROM report_chunks"))[0][0] > 0)

        await eventually(chunks, seconds=60, what="a first piece of the file")
        worker.send_signal(sig)
        assert await asyncio.to_thread(worker.wait, 30) == (-9 if sig == signal.SIGKILL else 0)
    between = await api.get(f"/api/reports/runs/{asked['id']}")
    assert between["state"] == ("running" if sig == signal.SIGKILL else "queued")
    # As if its last beat were long ago: a worker that is impatient would, on a busy machine, give up on itself.
    await run(database, "UPDATE report_runs SET beat_at = beat_at - interval '10 minutes'")
    with running_role("worker", document, tmp_path):
        done = await finished(api, asked["id"])
    data = (await api.client.get(f"/api/reports/runs/{asked['id']}/file")).content
    assert hashlib.sha256(data).hexdigest() == done["checksum"]
    assert data.count(b"\r\n") == 120_001
    assert done["rows"] == 120_000


async def test_a_run_without_a_worker_is_shown_as_stuck(api: Api, database: Database) -> None:
    asked = await ask(api, "csv")
    await run(
        database,
        "UPDATE report_runs SET state = 'running', started_at = now() - interval '2 minutes', "
        "beat_at = now() - interval '61 seconds'",
    )
    assert (await api.get(f"/api/reports/runs/{asked['id']}"))["state"] == "stuck"


async def test_too_many_rows_for_paper_are_refused_in_words(
    api: Api, document: dict[str, object], database: Database, tmp_path: Path
) -> None:
    await fill(database)
    with running_role("worker", document, tmp_path):
        asked = await ask(api, "pdf", LARGE)
        failed = await finished(api, asked["id"], "failed")
    assert failed["message"].startswith("PDF holds up to 20,000 rows and this report has 120,000")


async def test_a_schedule_sends_one_mail_for_what_it_missed(
    api: Api, busy: dict[str, Any], document: dict[str, object], database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "mail"
    wanted = {
        "name": "Month for HR",
        "report": {"kind": "period", "span": "last_month"},
        "format": "pdf",
        "every": "month",
        "day": 1,
        "at": "06:30",
        "zone": "Asia/Dubai",
        "recipients": ["hr@acme.test"],
    }
    await api.post("/api/reports/schedules", {**wanted, "recipients": ["a@b\nBcc: x@y.z"]}, 422)
    await api.post("/api/reports/schedules", {**wanted, "report": REPORT}, 422)
    await api.post("/api/reports/schedules", {**wanted, "zone": "Mars/Base"}, 422)
    made = await api.post("/api/reports/schedules", wanted)
    assert datetime.fromisoformat(made["next_at"]).strftime("%d %H:%M") == "01 02:30"
    # Three due times went by while no worker ran; the newest is the first of October in Dubai.
    await run(database, "UPDATE report_schedules SET next_at = '2026-08-01 02:30:00+00', every = 'month', day = 1")
    document = {**document, "mail_dir": str(folder)}
    with running_role("worker", document, tmp_path):

        async def arrived() -> list[Path]:
            return list(folder.glob("*.eml"))

        (path,) = await eventually(arrived, seconds=60, what="the mail")

        async def told() -> bool:
            return bool((await api.get("/api/reports/schedules"))["items"][0]["last_state"] == "sent")

        await eventually(told, seconds=30, what="the delivery marked as sent")
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    assert message["To"] == "hr@acme.test"
    (attached,) = list(message.iter_attachments())
    assert attached.get_content_type() == "application/pdf"
    assert attached.get_content().startswith(b"%PDF")
    assert len(await run(database, "SELECT 1 FROM report_deliveries")) == 1
    again = await api.put(f"/api/reports/schedules/{made['id']}", {**wanted, "at": "07:00", "active": False})
    assert again["active"] is False
    await api.delete(f"/api/reports/schedules/{made['id']}")


async def test_without_a_mail_server_a_delivery_says_so(
    api: Api, busy: dict[str, Any], document: dict[str, object], database: Database, tmp_path: Path
) -> None:
    wanted = {
        "name": "Daily",
        "report": {"kind": "daily", "span": "yesterday"},
        "format": "csv",
        "every": "day",
        "at": "06:30",
        "zone": "Asia/Dubai",
        "recipients": ["hr@acme.test"],
    }
    await api.post("/api/reports/schedules", wanted)
    await run(database, "UPDATE report_schedules SET next_at = now() - interval '1 minute'")
    with running_role("worker", document, tmp_path):

        async def told() -> str | None:
            item = (await api.get("/api/reports/schedules"))["items"][0]
            return item["last_message"] if item["last_state"] == "failed" else None

        assert await eventually(told, seconds=60, what="a failed delivery") == "No mail server is set up"


def test_due_times_follow_the_wall_clock() -> None:
    madrid = {"every": "day", "weekday": None, "day": None, "at": "02:30", "zone_name": "Europe/Madrid"}
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    # 02:30 does not exist on 29 March 2026 in Madrid: read with the offset before the gap.
    assert next_due(before, **madrid) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # type: ignore[arg-type]
    assert next_due(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), **madrid) == datetime(  # type: ignore[arg-type]
        2026, 3, 30, 0, 30, tzinfo=UTC
    )
    last = {"every": "month", "weekday": None, "day": 31, "at": "00:00", "zone_name": "UTC"}
    assert next_due(datetime(2026, 2, 1, tzinfo=UTC), **last) == datetime(2026, 2, 28, tzinfo=UTC)  # type: ignore[arg-type]
    week = {"every": "week", "weekday": 0, "day": None, "at": "08:00", "zone_name": "Asia/Kathmandu"}
    monday = next_due(datetime(2026, 11, 20, tzinfo=UTC), **week)  # type: ignore[arg-type]
    assert monday == datetime(2026, 11, 23, 2, 15, tzinfo=UTC)
    now = datetime(2026, 12, 9, tzinfo=UTC)
    assert newest_due(monday, now, **week) == datetime(2026, 12, 7, 2, 15, tzinfo=UTC)  # type: ignore[arg-type]

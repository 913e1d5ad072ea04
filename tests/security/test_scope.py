"""Whoever answers for one site sees nothing of the other and changes nothing there, by any route and any body."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from foundation.database import Database
from tenant_stack.access.scope import HIDDEN, SHARED
from tenant_stack.tables.staff import Staff
from tests.security.far_side import DAY, FarSide, contents, furnish
from tests.security.route_table import SAFE
from tests.security.test_permissions import api_operations, filled
from tests.tenant_stack.actors import Api, Bridge
from tests.tenant_stack.conftest import client_of, page_headers, sign_in

SPAN = {"from": str(DAY), "to": str(DAY)}
# Tables that name neither a person nor a clock, and why a limited caller may still touch them.
OTHERS = {
    "alert_watch": "only jobs write it",
    "audit_chain": "only the sealer writes it",
    "audit_log": "refused to limited callers where it is read",
    "audit_waiting": "only the sealer reads it",
    "break_glass": "an owner's own",
    "client_secrets": "behind oauth_clients",
    "devices": "limited by site",
    "enrolment_steps": "behind enrolment_sessions",
    "idempotent_calls": "a caller's own",
    "oauth_clients": "a client sees what its maker sees",
    "outbox": "only jobs read it",
    "payroll_batches": "payroll refuses limited callers",
    "payroll_files": "payroll refuses limited callers",
    "payroll_profiles": "payroll refuses limited callers",
    "permissions": "fixed",
    "processing_runs": "counts only",
    "refused_contacts": "only jobs read it",
    "report_chunks": "behind report_runs",
    "report_deliveries": "behind report_schedules",
    "report_runs": "its owner's, made with its owner's limits",
    "report_schedules": "made with its owner's limits",
    "saved_reports": "a question without an answer",
    "linked_identities": "behind users",
    "sign_in_connection": "only the control plane writes it",
    "staff": "limited by site and department",
    "user_roles": "grants are checked against the giver's own",
}


def body_of(far: FarSide, line: str) -> dict[str, Any]:
    """A body that would do something at the far site; most routes need none."""
    known = far.known
    person, clock = known["staff_id"], known["device_id"]
    group = {"name": "Ours", "device_ids": [clock], "staff_ids": [person], "everybody": True}
    staff = {"employee_id": "2", "name": "Taken over", "site_id": str(far.near)}
    bodies: dict[str, dict[str, Any]] = {
        "POST /api/staff": {"employee_id": "3", "name": "Sent there", "site_id": known["site_id"]},
        "PUT /api/staff/{staff_id}": staff,
        "POST /api/staff/{staff_id}/enroll": {"device_ids": [clock]},
        "POST /api/staff/{staff_id}/consents": {"how": "written"},
        "POST /api/staff/{staff_id}/biometrics": {
            "template_type": "FINGERPRINT",
            "template_format": "zk/10",
            "template_data": "SGVsbG8h",
            "finger_index": 5,
        },
        "POST /api/staff/{staff_id}/assignments": {"rotation": [None], "starts_on": "2026-05-01"},
        "PUT /api/devices/{device_id}": {"name": "Taken over", "connection": "push", "device_serial": "FAR-9"},
        "POST /api/devices/{device_id}/address": {"accept": True},
        "POST /api/devices/{device_id}/approve": {"name": "Mine"},
        "POST /api/devices": {
            "name": "Sent there",
            "connection": "push",
            "device_serial": "FAR-10",
            "site_id": known["site_id"],
        },
        "PUT /api/devices/{device_id}/trust": {"trust": "punches"},
        "POST /api/devices/{device_id}/actions": {"action": "reboot"},
        "POST /api/alerts/{alert_id}/acknowledge": {"note": "Mine"},
        "POST /api/assignments/bulk": {"rotation": [None], "starts_on": "2026-06-01", "staff_ids": [person]},
        "PUT /api/assignments/{assignment_id}": {"rotation": [None], "starts_on": "2026-06-01"},
        "PUT /api/attendance/anomalies/{anomaly_id}": {"state": "resolved", "resolution": "Mine"},
        "POST /api/attendance/approve": {"record_ids": [known["record_id"]], "action": "approve"},
        "POST /api/attendance/corrections": {
            "staff_id": person,
            "work_date": str(DAY),
            "reason": "Mine",
            "changes": {"add": [{"at": f"{DAY} 17:00", "direction": "out"}]},
        },
        "POST /api/attendance/corrections/{correction_id}/decide": {"decision": "approved", "note": "Mine"},
        "POST /api/attendance/process": {**SPAN, "staff_ids": [person]},
        "PUT /api/attendance/records/{record_id}": {
            "version": 1,
            "reason": "Mine",
            "changes": {"add": [{"at": f"{DAY} 17:00", "direction": "out"}]},
        },
        "POST /api/attendance/periods": {"starts_on": "2026-07-01", "ends_on": "2026-07-31"},
        "POST /api/attendance/periods/{period_id}/unlock": {"reason": "Mine"},
        "POST /api/attendance/quarantine/dismiss": {"ids": [known["line_id"]], "reason": "Mine"},
        "POST /api/attendance/quarantine/replay": {"all": True},
        "POST /api/conflicts/resolve": {"kind": "changed_at_clock", "take": "device"},
        "POST /api/conflicts/{conflict_id}/resolve": {"take": "device"},
        "POST /api/consent-texts": {"title": "Mine", "text": "A text that nobody else has agreed to."},
        "POST /api/device-groups": group,
        "PUT /api/device-groups/{group_id}": group,
        "POST /api/device-users/{enrollment_id}/adopt": {"employee_id": "77", "name": "Adopted"},
        "POST /api/holidays": {"day": "2026-04-01", "name": "Mine", "site_id": known["site_id"]},
        "POST /api/leaves": {"staff_id": person, "day": "2026-05-01"},
        "POST /api/sites": {"code": "mine", "name": "Mine", "zone": "UTC"},
        "PUT /api/sites/{site_id}": {"code": "far", "name": "Mine", "zone": "Asia/Dubai"},
        "POST /api/weekly-offs": {"weekdays": [1], "site_id": known["site_id"]},
        "PUT /api/biometrics/settings": {"walk_up_days": 1, "leaver_days": 1, "rotation_days": 30},
        "PUT /api/roles/{name}": {"title": "Mine", "permissions": ["staff:read"]},
        "POST /api/webhooks": {"name": "Mine", "url": "https://example.com/", "events": ["period.locked"]},
        "POST /api/roles": {"title": "Mine", "permissions": ["staff:read"]},
        "POST /api/reports/runs": {"report": {"kind": "period", "first": str(DAY), "last": str(DAY)}, "format": "csv"},
        "POST /api/rule-sets/what-if": {**SPAN, "staff_ids": [person], "definition": {}},
    }
    return bodies.get(line, {})


@asynccontextmanager
async def limited_to_near(app: FastAPI, database: Database, far: FarSide) -> AsyncIterator[httpx.AsyncClient]:
    """An administrator of the near site."""
    async with client_of(app, **page_headers(await sign_in(app, "administrator"))) as client:
        user_id = (await client.get("/api/session")).json()["user"]["id"]
        async with database.transaction() as session:
            query = sa.text("UPDATE users SET sites = jsonb_build_array(CAST(:site AS text)) WHERE id = :id")
            await session.execute(query, {"site": str(far.near), "id": user_id})
        yield client


@pytest.fixture
async def far(database: Database, bridge: Bridge) -> FarSide:
    return await furnish(database, bridge)


async def read_all(client: httpx.AsyncClient, far: FarSide) -> dict[str, httpx.Response]:
    """Every GET, with ids of the far site where the path has a parameter."""
    answers = {}
    for operation in api_operations():
        if operation.method == "GET":
            query = SPAN if "/reports/" in operation.path or "/payroll/" in operation.path else {}
            answers[operation.path] = await client.get(filled(operation.path, **far.known), params=query)
    return answers


async def test_nothing_of_the_far_site_is_read(app: FastAPI, api: Api, database: Database, far: FarSide) -> None:
    traces = [far.word, *far.ids]
    everything = await read_all(api.client, far)
    # The owner sees the far site by many routes: what is silent below is silent for a reason.
    told = {path for path, answer in everything.items() if any(trace in answer.text for trace in traces)}
    assert len(told) >= 30, sorted(told)
    async with limited_to_near(app, database, far) as client:
        answers = await read_all(client, far)
    broken = [f"{path} {answer.status_code}" for seen in (everything, answers) for path, answer in seen.items()]
    assert [each for each in broken if each.endswith(("500", "503"))] == []
    leaks = [
        f"{path}: {answer.text[:300]}" for path, answer in answers.items() if any(t in answer.text for t in traces)
    ]
    assert leaks == []
    assert "Near person" in answers["/api/staff"].text
    assert "Near clock" in answers["/api/devices"].text


async def test_nothing_of_the_far_site_is_changed(app: FastAPI, database: Database, far: FarSide) -> None:
    changed = []
    async with limited_to_near(app, database, far) as client:
        before = await contents(database, far, SHARED)
        for operation in api_operations():
            if operation.method in SAFE or operation.path.startswith("/api/sessions"):
                continue
            line = f"{operation.method} {operation.path}"
            path = filled(operation.path, name="viewer", **far.known)
            answer = await client.request(operation.method, path, json=body_of(far, line))
            assert answer.status_code < 500, f"{line}: {answer.status_code} {answer.text}"
            after = await contents(database, far, SHARED)
            tables = [name for name in after if after[name] != before.get(name)]
            if tables:
                changed.append(f"{line}: {answer.status_code} changed {tables}")
            before = after
            if any(trace in answer.text for trace in (far.word, *far.ids)) and answer.status_code < 300:
                changed.append(f"{line}: {answer.status_code} tells {answer.text[:200]}")
    assert changed == []


async def test_what_holds_for_everybody_is_refused_in_words(app: FastAPI, database: Database, far: FarSide) -> None:
    lines = (
        "POST /api/attendance/periods",
        "POST /api/attendance/periods/{period_id}/lock",
        "POST /api/device-groups",
        "POST /api/holidays",
        "POST /api/sites",
        "POST /api/roles",
    )
    async with database.transaction() as session:
        # Everything approved: nothing but the limit stands against the lock.
        await session.execute(sa.text("UPDATE attendance_records SET state = 'approved'"))
        await session.execute(sa.text("DELETE FROM pending_staff_days"))
    async with limited_to_near(app, database, far) as client:
        for line in lines:
            method, path = line.split()
            answer = await client.request(method, filled(path, **far.known), json=body_of(far, line))
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_limited"), f"{line}: {answer.text}"


async def test_computing_again_stays_within_the_part(app: FastAPI, database: Database, far: FarSide) -> None:
    async with database.transaction() as session:
        await session.execute(sa.text("DELETE FROM pending_staff_days"))
    async with limited_to_near(app, database, far) as client:
        answer = await client.post("/api/attendance/process", json=SPAN)
        assert (answer.status_code, answer.json()["staff_days"]) == (202, 0), answer.text
    async with database.transaction() as session:
        assert await session.scalar(sa.text("SELECT count(*) FROM pending_staff_days")) == 0


def test_every_table_says_whose_it_is() -> None:
    """A new table is limited by its columns, holds for everybody, or has its reason written down here."""
    unsaid = []
    for mapper in sa.inspect(Staff).registry.mappers:
        if not mapper.class_.__module__.startswith("tenant_stack."):
            continue  # the control plane's own, where a test has imported both
        name, columns = mapper.class_.__tablename__, set(mapper.columns.keys())
        said = bool(columns & {"staff_id", "device_id"}) or name in SHARED | HIDDEN or name in OTHERS
        if not said:
            unsaid.append(name)
    assert unsaid == []
